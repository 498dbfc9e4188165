/** What a HorizontalPodAutoscaler does now: the decision of kube-controller-manager (1.35), with its conditions and events. Pure. */
import { withCondition } from '../conditions.ts';
import type { Condition, Pod } from '../objects.ts';
import { formatTime } from '../objects.ts';
import type { Scale } from '../scale.ts';
import type { AutoscalerMemory, Explanation, Normalized } from './behavior.ts';
import { completeBehavior, normalize, rememberScaling } from './behavior.ts';
import type { Autoscaler, AutoscalerStatus, MetricSpec, ScalingRules } from './objects.ts';
import type { MetricProposal, Reading } from './proposal.ts';
import { decideProposal } from './proposal.ts';
import { parseMilli } from './quantity.ts';

export type AutoscalerSnapshot = {
  autoscaler: Autoscaler;
  scale: Scale;
  /** Those that the selector of the scale names. */
  pods: readonly Pod[];
  /** For each of the metrics, in their order. */
  readings: readonly Reading[];
  memory: AutoscalerMemory;
};

export type AutoscalerEvent = { type: 'Normal' | 'Warning'; reason: string; note: string };
export type AutoscalerPlan = {
  /** The new size, and why; undefined where it stays. */
  rescale: { from: number; to: number; reason: string } | undefined;
  status: AutoscalerStatus;
  events: AutoscalerEvent[];
  memory: AutoscalerMemory;
};

export const emptyMemory: AutoscalerMemory = { recommendations: [], ups: [], downs: [] };
const defaultMetrics: readonly MetricSpec[] = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
];

export const metricsOf = ({ spec }: Autoscaler): readonly MetricSpec[] => spec.metrics ?? defaultMetrics;

type Draft = { conditions: Condition[]; nowMs: number };

function note(
  { conditions, nowMs }: Draft,
  type: string,
  status: 'True' | 'False',
  { reason, message }: Explanation,
): Draft {
  return { conditions: withCondition(conditions, { type, status, reason, message }, nowMs), nowMs };
}

export function decideHpa(snapshot: AutoscalerSnapshot, nowMs: number): AutoscalerPlan {
  const { autoscaler, scale } = snapshot;
  const current = scale.spec.replicas ?? 0;
  const { minReplicas = 1, maxReplicas } = autoscaler.spec;
  const memory =
    snapshot.memory.recommendations.length > 0
      ? snapshot.memory
      : { ...snapshot.memory, recommendations: [{ replicas: current, atMs: nowMs }] };
  const start = { conditions: autoscaler.status?.conditions ?? [], nowMs };
  const message = "the HPA controller was able to get the target's current scale";
  const draft = note(start, 'AbleToScale', 'True', { reason: 'SucceededGetScale', message });
  const step: Step = { snapshot: { ...snapshot, memory }, current, draft };

  if (current === 0 && minReplicas !== 0) {
    const disabled = {
      reason: 'ScalingDisabled',
      message: 'scaling is disabled since the replica count of the target is zero',
    };
    return keep({ ...step, draft: note(draft, 'ScalingActive', 'False', disabled) }, []);
  }
  if (current > maxReplicas) {
    return rescale(step, maxReplicas, { why: 'Current number of replicas above Spec.MaxReplicas', metrics: [] });
  }
  if (current < minReplicas) {
    return rescale(step, minReplicas, { why: 'Current number of replicas below Spec.MinReplicas', metrics: [] });
  }
  return decideByMetrics(step, minReplicas);
}

type Step = { snapshot: AutoscalerSnapshot; current: number; draft: Draft };

function decideByMetrics(step: Step, min: number): AutoscalerPlan {
  const { snapshot, current, draft } = step;
  const { autoscaler } = snapshot;
  const proposals = proposalsOf(step);
  const valid = proposals.filter((proposal) => proposal.type === 'proposed');
  const failed = proposals.filter((proposal) => proposal.type === 'failed');
  const best = valid.reduce<(typeof valid)[number] | undefined>(
    (top, one) => (top === undefined || one.replicas > top.replicas ? one : top),
    undefined,
  );
  const [problem] = failed;
  // Some that failed do not keep it from growing, but from shrinking: they might have asked for more.
  if (best === undefined || (problem !== undefined && best.replicas < current)) {
    return giveUp(step, failed, metricStatuses(proposals));
  }

  const active = {
    reason: 'ValidMetricFound',
    message: `the HPA was able to successfully calculate a replica count from ${best.name}`,
  };
  const wish = { current, desired: best.replicas, min, max: autoscaler.spec.maxReplicas };
  const normal = normalize(wish, completeBehavior(autoscaler), { memory: snapshot.memory, nowMs: draft.nowMs });
  const next = {
    ...step,
    snapshot: { ...snapshot, memory: normal.memory },
    draft: noteLimits(note(draft, 'ScalingActive', 'True', active), normal),
  };
  const metrics = metricStatuses(proposals);
  const why = best.replicas > current ? `${best.name} above target` : 'All metrics below target';
  const plan = normal.replicas === current ? keep(next, metrics) : rescale(next, normal.replicas, { why, metrics });
  return { ...plan, events: [...failed.map(failureEvent), ...plan.events] };
}

function proposalsOf({ snapshot, current, draft }: Step): MetricProposal[] {
  const { autoscaler, scale, pods, readings } = snapshot;
  const { scaleUp, scaleDown } = autoscaler.spec.behavior ?? {};
  const context = {
    pods,
    current,
    statusReplicas: scale.status?.replicas ?? 0,
    tolerances: { up: toleranceOf(scaleUp), down: toleranceOf(scaleDown) },
    nowMs: draft.nowMs,
  };
  const namespace = autoscaler.metadata.namespace ?? '';
  return metricsOf(autoscaler).map((spec, index) => {
    const reading: Reading = readings[index] ?? { type: 'failed', problem: 'not read' };
    return decideProposal({ spec, reading, namespace }, context);
  });
}

const toleranceOf = ({ tolerance = '0.1' }: ScalingRules = {}): number => parseMilli(tolerance) / 1000;

function noteLimits(draft: Draft, { ableToScale, scalingLimited }: Normalized): Draft {
  const able = note(draft, 'AbleToScale', 'True', ableToScale);
  return note(able, 'ScalingLimited', scalingLimited.limited ? 'True' : 'False', scalingLimited);
}

type Failure = Extract<MetricProposal, { type: 'failed' }>;
const failureEvent = ({ reason, problem }: Failure): AutoscalerEvent => ({ type: 'Warning', reason, note: problem });

/** One that failed is an empty one, as there. */
const metricStatuses = (proposals: readonly MetricProposal[]): object[] =>
  proposals.map((proposal) => (proposal.type === 'proposed' ? proposal.status : { type: '' }));

function giveUp(step: Step, failed: readonly Failure[], metrics: object[]): AutoscalerPlan {
  const [first] = failed;
  const message = `the HPA was unable to compute the replica count: ${first?.problem ?? ''}`;
  const draft = note(step.draft, 'ScalingActive', 'False', {
    reason: first?.reason ?? 'FailedComputeMetricsReplicas',
    message,
  });
  const { status } = step.snapshot.autoscaler;
  const summary = `invalid metrics (${failed.length} invalid out of ${metrics.length}), first error is: ${first?.error ?? ''}`;
  return {
    rescale: undefined,
    status: buildStatus({ ...step, draft }, { desired: status?.desiredReplicas ?? 0, metrics }),
    events: [...failed.map(failureEvent), { type: 'Warning', reason: 'FailedComputeMetricsReplicas', note: summary }],
    memory: step.snapshot.memory,
  };
}

function keep(step: Step, metrics: object[]): AutoscalerPlan {
  return {
    rescale: undefined,
    status: buildStatus(step, { desired: step.current, metrics }),
    events: [],
    memory: step.snapshot.memory,
  };
}

function rescale(step: Step, to: number, { why, metrics }: { why: string; metrics: object[] }): AutoscalerPlan {
  const { snapshot, current, draft } = step;
  const { nowMs } = draft;
  const done = {
    reason: 'SucceededRescale',
    message: `the HPA controller was able to update the target scale to ${to}`,
  };
  const status = buildStatus({ ...step, draft: note(draft, 'AbleToScale', 'True', done) }, { desired: to, metrics });
  return {
    rescale: { from: current, to, reason: why },
    status: { ...status, lastScaleTime: formatTime(nowMs) },
    events: [{ type: 'Normal', reason: 'SuccessfulRescale', note: `New size: ${to}; reason: ${why}` }],
    memory: rememberScaling(snapshot.memory, completeBehavior(snapshot.autoscaler), { from: current, to, nowMs }),
  };
}

function buildStatus(
  { snapshot, current, draft }: Step,
  { desired, metrics }: { desired: number; metrics: object[] },
): AutoscalerStatus {
  const { lastScaleTime } = snapshot.autoscaler.status ?? {};
  return {
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentReplicas: current,
    desiredReplicas: desired,
    currentMetrics: metrics.length === 0 ? null : metrics,
    conditions: draft.conditions,
  };
}

export type ScaleFailure = { reason: 'FailedGetScale' | 'FailedUpdateScale'; problem: string };

/** What the status says where the scale of the target could not be read, or written. */
export function withScaleFailure(
  autoscaler: Autoscaler,
  { reason, problem }: ScaleFailure,
  nowMs: number,
): AutoscalerStatus {
  const what = reason === 'FailedGetScale' ? "get the target's current scale" : 'update the target scale';
  const condition: Condition = {
    type: 'AbleToScale',
    status: 'False',
    reason,
    message: `the HPA controller was unable to ${what}: ${problem}`,
  };
  const status = autoscaler.status ?? { desiredReplicas: 0, currentMetrics: null };
  return { ...status, conditions: withCondition(status.conditions, condition, nowMs) };
}
