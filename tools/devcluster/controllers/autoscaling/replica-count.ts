/** How many replicas a metric asks for: the arithmetic of kube-controller-manager's replica calculator (1.35). Pure. */
import { conditionOf } from '../conditions.ts';
import type { Pod } from '../objects.ts';
import { isReady, isTerminating } from '../pods.ts';
import type { PodSample, PodSamples } from './metrics-source.ts';
import { parseMilli } from './quantity.ts';

/** A ratio from `1 - down` to `1 + up` changes nothing. */
export type Tolerances = { up: number; down: number };
export type Proposal = { replicas: number };
export type PodMetricInput = {
  pods: readonly Pod[];
  samples: PodSamples;
  current: number;
  tolerances: Tolerances;
  nowMs: number;
};

const cpuInitializationMs = 300_000;
const initialReadinessMs = 30_000;

const within = (ratio: number, { up, down }: Tolerances): boolean => ratio >= 1 - down && ratio <= 1 + up;

/** `cpu` or `memory` against a percentage of what the pods request. */
export function utilizationProposal(
  input: PodMetricInput,
  resource: string,
  targetPercent: number,
): Proposal & { percent: number; averageMilli: number } {
  if (input.pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const groups = groupPods(input, resource);
  const requests = new Map(input.pods.map((pod) => [pod.metadata.name, requestOf(pod, resource)]));
  const percentOf = (values: ReadonlyMap<string, number>): number => {
    const requested = sum([...values.keys()].map((name) => requests.get(name) ?? 0));
    if (requested === 0) throw new Error('no metrics returned matched known pods');
    return Math.trunc((sum([...values.values()]) * 100) / requested);
  };
  const percent = percentOf(groups.values);
  const replicas = podsProposal(input, groups, {
    ratioOf: (values) => percentOf(values) / targetPercent,
    // On the way down a pod without a sample is believed to use all of its request, or of its target where that is more.
    assume: (name, ratio) =>
      ratio < 1
        ? Math.trunc(((requests.get(name) ?? 0) * Math.max(100, targetPercent)) / 100)
        : ratio > 1
          ? 0
          : undefined,
  });
  return { replicas, percent, averageMilli: Math.trunc(sum([...groups.values.values()]) / groups.values.size) };
}

/** A metric of pods against an average value. `resource` is `cpu` where warming up is to be left out. */
export function averageProposal(
  input: PodMetricInput,
  resource: string | undefined,
  targetMilli: number,
): Proposal & { averageMilli: number } {
  if (input.pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const average = (values: ReadonlyMap<string, number>): number => Math.trunc(sum([...values.values()]) / values.size);
  const groups = groupPods(input, resource);
  const averageMilli = average(groups.values);
  const replicas = podsProposal(input, groups, {
    ratioOf: (values) => average(values) / targetMilli,
    assume: (_, ratio) => (ratio < 1 ? targetMilli : 0),
  });
  return { replicas, averageMilli };
}

type Groups = { values: Map<string, number>; ready: number; ignored: string[]; missing: string[] };
type Measure = {
  ratioOf: (values: ReadonlyMap<string, number>) => number;
  /** What a pod without a sample is believed to use; undefined leaves it out. */
  assume: (podName: string, ratio: number) => number | undefined;
};

/** Pods without numbers are assumed to be against the change: idle on the way up, busy on the way down. */
function podsProposal({ current, tolerances }: PodMetricInput, groups: Groups, measure: Measure): number {
  const ratio = measure.ratioOf(groups.values);
  const idleToo = groups.ignored.length > 0 && ratio > 1;
  if (!idleToo && groups.missing.length === 0) {
    return within(ratio, tolerances) ? current : roundUp(ratio * groups.ready);
  }

  const assumed = withAssumptions(groups, measure, ratio);
  const newRatio = measure.ratioOf(assumed);
  // The assumptions may weaken the change, but not turn it round.
  if (within(newRatio, tolerances) || newRatio > 1 !== ratio > 1) return current;
  const replicas = roundUp(newRatio * assumed.size);
  return newRatio > 1 ? Math.max(replicas, current) : Math.min(replicas, current);
}

function withAssumptions(
  { values, missing, ignored }: Groups,
  { assume }: Measure,
  ratio: number,
): Map<string, number> {
  const assumed = new Map(values);
  for (const name of missing) {
    const milli = assume(name, ratio);
    if (milli !== undefined) assumed.set(name, milli);
  }
  if (ratio > 1) for (const name of ignored) assumed.set(name, 0);
  return assumed;
}

function groupPods({ pods, samples, nowMs }: PodMetricInput, resource: string | undefined): Groups {
  const groups: Groups = { values: new Map(), ready: 0, ignored: [], missing: [] };
  for (const pod of pods) {
    const { name } = pod.metadata;
    const sample = samples.get(name);
    if (isTerminating(pod) || pod.status?.phase === 'Failed') continue;
    if (pod.status?.phase === 'Pending') groups.ignored.push(name);
    else if (sample === undefined) groups.missing.push(name);
    else if (resource === 'cpu' && isWarmingUp(pod, sample, nowMs)) groups.ignored.push(name);
    else {
      groups.ready += 1;
      groups.values.set(name, sample.milli);
    }
  }
  if (groups.values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return groups;
}

/** The CPU of a start says nothing about load. */
function isWarmingUp({ status }: Pod, sample: PodSample, nowMs: number): boolean {
  const ready = conditionOf(status?.conditions, 'Ready');
  if (ready === undefined || status?.startTime === undefined) return true;
  const startedMs = Date.parse(status.startTime);
  const changedMs = Date.parse(ready.lastTransitionTime ?? '') || 0;
  if (startedMs + cpuInitializationMs > nowMs) {
    return ready.status === 'False' || sample.atMs < changedMs + sample.windowMs;
  }
  // Not ready, and never has been.
  return ready.status === 'False' && startedMs + initialReadinessMs > changedMs;
}

function requestOf({ metadata, spec }: Pod, resource: string): number {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return sum(
    [...spec.containers, ...sidecars].map(({ name, resources }) => {
      const request = resources?.requests?.[resource];
      if (request === undefined) {
        throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
      }
      return parseMilli(request);
    }),
  );
}

export type TotalInput = { totalMilli: number; targetMilli: number; tolerances: Tolerances };

/** An Object or External metric against a value. It goes by pods that are ready, those that are ending included. */
export function valueProposal(
  { totalMilli, targetMilli, tolerances }: TotalInput,
  { current, pods }: { current: number; pods: readonly Pod[] },
): Proposal {
  const ratio = totalMilli / targetMilli;
  if (current === 0) return { replicas: roundUp(ratio) };
  if (within(ratio, tolerances)) return { replicas: current };
  if (pods.length === 0) {
    throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  }
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  return { replicas: roundUp(ratio * ready) };
}

/** An Object or External metric against a value per pod. `statusReplicas`: how many the target says there are. */
export function perPodProposal(
  { totalMilli, targetMilli, tolerances }: TotalInput,
  statusReplicas: number,
): Proposal & { averageMilli: number } {
  const ratio = totalMilli / (targetMilli * statusReplicas);
  const replicas = within(ratio, tolerances) ? statusReplicas : roundUp(totalMilli / targetMilli);
  return { replicas, averageMilli: roundUp(totalMilli / statusReplicas) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** An int32, as there: dividing by no replicas must not become infinite. */
const roundUp = (value: number): number => (Number.isFinite(value) ? Math.ceil(value) : 0);
