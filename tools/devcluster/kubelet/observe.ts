/** Updates the state of a pod with an observation. Pure; a result of an earlier run of a container is ignored. */
import { containerOf, isLive, withContainer } from './state.ts';
import type { ContainerState, PodEnding, PodState, ProbeState, Running, Terminated } from './state.ts';
import { containersOf, defaultGraceSeconds, probeKinds, probeOf } from './pod.ts';
import type { Container, Pod, Probe, ProbeKind } from './pod.ts';

export type PodObservation =
  | { kind: 'seen'; pod: Pod }
  /** The object no longer exists. */
  | { kind: 'gone' }
  | { kind: 'container'; name: string; run: number; happened: ContainerObservation };

export type ContainerObservation =
  | { kind: 'started' }
  | { kind: 'notStarted'; reason: string; message: string }
  | { kind: 'exited'; exitCode: number; signal?: number }
  | { kind: 'probed'; probe: ProbeKind; isHealthy: boolean }
  | { kind: 'hookOver' };

/** Shorter than the kubelet's: no image is pulled, and a missing object is usually created soon. */
const startRetryMs = 2000;
/** The grace period that the kubelet gives to a pod that was force-deleted. */
const forcedGraceMs = 1000;

export function observePod(state: PodState, observation: PodObservation, nowMs: number): PodState {
  if (observation.kind === 'container') return observeContainer(state, observation, nowMs);
  if (observation.kind === 'gone') return withEnding(state, { reason: 'Gone', graceMs: forcedGraceMs }, nowMs);
  const { pod } = observation;
  const seen = { ...state, pod };
  return pod.metadata.deletionTimestamp === undefined
    ? seen
    : withEnding(seen, { reason: 'Deleted', graceMs: graceMsOf(pod) }, nowMs);
}

/** The first deadline holds: the kubelet does not change a termination that has begun (kubernetes/kubernetes#83916). */
const withEnding = (
  state: PodState,
  { reason, graceMs }: { reason: PodEnding['reason']; graceMs: number },
  nowMs: number,
): PodState => ({
  ...state,
  ending: { deadlineMs: nowMs + graceMs, ...state.ending, reason },
});

const graceMsOf = ({ metadata, spec }: Pod): number =>
  (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;

function observeContainer(
  state: PodState,
  { name, run, happened }: PodObservation & { kind: 'container' },
  nowMs: number,
): PodState {
  const container = containerOf(state, name);
  const spec = containersOf(state.pod).find((member) => member.container.name === name)?.container;
  if (container.run !== run || !isLive(container) || !spec) return state;
  return withContainer(state, name, { ...container, ...changesBy(happened, { state, container, spec }, nowMs) });
}

type Observed = { state: PodState; container: ContainerState; spec: Container };

function changesBy(happened: ContainerObservation, observed: Observed, nowMs: number): Partial<ContainerState> {
  const { container, spec } = observed;
  if (happened.kind === 'probed') return judgeProbe(observed, happened, nowMs);
  if (happened.kind === 'started') return begin(container, spec, nowMs);
  if (happened.kind === 'hookOver') return container.stop ? { stop: { ...container.stop, hook: 'over' } } : {};
  if (happened.kind === 'exited') {
    return { phase: terminated(container, happened, nowMs), started: false, ready: false, probes: {} };
  }
  return {
    phase: { kind: 'waiting', reason: happened.reason, message: happened.message, retryAtMs: nowMs + startRetryMs },
  };
}

function begin(container: ContainerState, spec: Container, nowMs: number): Partial<ContainerState> {
  const phase: Running = { kind: 'running', startedAtMs: nowMs };
  const restarts = container.last ? container.restarts + 1 : container.restarts;
  if (!spec.startupProbe) return { phase, restarts, ...markStarted(spec, nowMs, nowMs) };
  return { phase, restarts, probes: { startup: newProbe(spec.startupProbe, nowMs, nowMs) } };
}

/** After the startup probe the other probes begin. Without a readiness probe the container is ready. */
function markStarted(spec: Container, startedAtMs: number, nowMs: number): Partial<ContainerState> {
  const probes: Partial<Record<ProbeKind, ProbeState>> = {};
  for (const kind of probeKinds) {
    const probe = kind === 'startup' ? undefined : probeOf(spec, kind);
    if (probe) probes[kind] = newProbe(probe, startedAtMs, nowMs);
  }
  return { started: true, ready: !spec.readinessProbe, probes };
}

const newProbe = ({ initialDelaySeconds = 0 }: Probe, startedAtMs: number, nowMs: number): ProbeState => ({
  dueAtMs: Math.max(nowMs, startedAtMs + initialDelaySeconds * 1000),
  isRunning: false,
  successes: 0,
  failures: 0,
});

function terminated(
  { phase }: ContainerState,
  { exitCode, signal }: { exitCode: number; signal?: number },
  nowMs: number,
): Terminated {
  const startedAtMs = phase.kind === 'running' ? phase.startedAtMs : nowMs;
  return { kind: 'terminated', exitCode, ...(signal !== undefined && { signal }), startedAtMs, finishedAtMs: nowMs };
}

function judgeProbe(
  { state, container, spec }: Observed,
  { probe: kind, isHealthy }: { probe: ProbeKind; isHealthy: boolean },
  nowMs: number,
): Partial<ContainerState> {
  const probe = probeOf(spec, kind);
  const before = container.probes[kind];
  if (!probe || !before || container.phase.kind !== 'running') return {};
  const after = countResult(before, probe, { isHealthy, nowMs });
  const counted = { probes: { ...container.probes, [kind]: after } };
  if (after.successes >= (probe.successThreshold ?? 1)) {
    return { ...counted, ...pass(kind, spec, container.phase.startedAtMs, nowMs) };
  }
  if (after.failures < (probe.failureThreshold ?? 3)) return counted;
  if (kind === 'readiness') return { ...counted, ready: false };
  // The container stops already, or the pod has begun to terminate since the probe.
  if (container.stop || state.ending) return counted;
  return { ...counted, stop: { reason: kind, deadlineMs: nowMs + graceOf(state.pod, probe) * 1000, hook: 'due' } };
}

const countResult = (
  before: ProbeState,
  { periodSeconds = 10 }: Probe,
  { isHealthy, nowMs }: { isHealthy: boolean; nowMs: number },
): ProbeState => ({
  isRunning: false,
  dueAtMs: Math.max(nowMs, before.dueAtMs + periodSeconds * 1000),
  successes: isHealthy ? before.successes + 1 : 0,
  failures: isHealthy ? 0 : before.failures + 1,
});

const graceOf = ({ spec }: Pod, { terminationGracePeriodSeconds }: Probe): number =>
  terminationGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;

function pass(kind: ProbeKind, spec: Container, startedAtMs: number, nowMs: number): Partial<ContainerState> {
  if (kind === 'startup') return markStarted(spec, startedAtMs, nowMs);
  return kind === 'readiness' ? { ready: true } : {};
}
