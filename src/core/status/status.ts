/** What is known of a StickyWorkload, judged into its status. */
import { formatDuration } from '../../api/duration.ts';
import type { StickyWorkloadStatus } from '../../api/status.ts';
import { drainLimits } from '../resolve/plan.ts';
import { judgeConditions } from './conditions.ts';
import { dateCondition } from './dated-conditions.ts';
import { judgeDrainLimit } from './effective-limit.ts';
import { countSessions, describeEndpoints } from './endpoints.ts';
import type { StatusInput } from './input.ts';

/** The whole status, with every endpoint: `listed` cuts it to what is written. Equal inputs at different times differ in nothing, as long as the previous status is handed in. */
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
  // All pods of the target: a selector of accepting pods alone needs a label on pods, which comes with DrainFirst.
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

/** As much of a status as the API takes. The endpoints that matter most come first. */
export const listed = ({ endpoints = [], ...status }: StickyWorkloadStatus): StickyWorkloadStatus => ({
  ...status,
  endpoints: endpoints.slice(0, listedEndpoints),
});

const formatSelector = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',');
