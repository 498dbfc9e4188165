/** The status of a StickyWorkload. */
import { formatDuration } from '../../api/duration.ts';
import type { StickyWorkloadStatus } from '../../api/status.ts';
import { drainLimits } from '../resolve/plan.ts';
import { judgeConditions } from './conditions.ts';
import { dateCondition } from './dated-conditions.ts';
import { judgeDrainLimit } from './effective-limit.ts';
import { countSessions, describeEndpoints } from './endpoints.ts';
import type { StatusInput } from './input.ts';

/**
 * Returns the whole status, with every endpoint: `listed` reduces it to what is written. With the previous status as input, equal inputs
 * give equal results at any time.
 */
export function judgeStatus(input: StatusInput): StickyWorkloadStatus {
  const { workload, accept, backend, pods, sessions, cluster, nowMs } = input;
  const drain = drainLimits(workload.spec.drain);
  const limit = judgeDrainLimit({ drain, pods, ...cluster });
  const endpoints = describeEndpoints({
    endpoints: backend?.endpoints ?? [],
    pods,
    sessions,
    previous: workload.status?.endpoints ?? [],
    limits: drain,
    nowMs,
  });
  const accepting = endpoints.filter(({ state }) => state === 'Accepting').length;
  const draining = endpoints.filter(({ state }) => state === 'Draining');
  const counted = backend && countSessions(endpoints);
  // Selects all pods of the target: selecting only accepting pods would need a label on pods, which comes with DrainFirst.
  const selector = accept.kind === 'accepted' ? formatSelector(accept.plan.selector) : workload.status?.selector;
  return {
    observedGeneration: workload.metadata.generation,
    replicas: accepting,
    ...(selector !== undefined && { selector }),
    acceptingReplicas: accepting,
    drainingReplicas: draining.length,
    ...(counted && { sessions: counted }),
    endpoints,
    effectiveDrainLimit: { duration: formatDuration(limit.durationMs), limitedBy: limit.limitedBy },
    conditions: judgeConditions(input, { draining, limit }).map((judgement) =>
      dateCondition(judgement, workload.metadata.generation, { nowMs, before: workload.status?.conditions ?? [] }),
    ),
  };
}

const listedEndpoints = 50;

/** Returns a status with as many endpoints as the API allows. The most important ones come first. */
export const listed = ({ endpoints = [], ...status }: StickyWorkloadStatus): StickyWorkloadStatus => ({
  ...status,
  endpoints: endpoints.slice(0, listedEndpoints),
});

const formatSelector = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',');
