/** Decides the next actions for a pod. Pure: returns the state in which these actions have begun. */
import { stay } from './actions.ts';
import type { PodAction, Step } from './actions.ts';
import { containersOf, defaultGraceSeconds, probeKinds, probeOf } from './pod.ts';
import type { PodContainer, RestartPolicy, Role } from './pod.ts';
import { containerOf, firstBackOffMs, isLive, maxBackOffMs, withContainer } from './state.ts';
import type { ContainerState, PodEnding, PodState, Terminated } from './state.ts';
import { decideStop } from './stop.ts';

export function decidePod(state: PodState, nowMs: number): Step<PodState> {
  let next = decideStage(state, nowMs);
  let wakeAtMs = Infinity;
  const actions: PodAction[] = [];
  for (const member of containersOf(state.pod)) {
    const step = decideContainer(next, member, nowMs);
    next = withContainer(next, member.container.name, step.next);
    actions.push(...step.actions);
    wakeAtMs = Math.min(wakeAtMs, step.wakeAtMs);
  }
  if (isOver(next)) actions.push({ kind: 'finish' });
  return { next, actions, wakeAtMs };
}

const isOver = ({ ending, containers }: PodState): boolean =>
  ending !== undefined && ending.reason !== 'Completed' && !Object.values(containers).some(isLive);

/** Updates whether the init containers have completed, and whether the whole pod has. */
function decideStage(state: PodState, nowMs: number): PodState {
  const all = containersOf(state.pod);
  const initialized = state.initialized || all.every((member) => member.role === 'app' || isThrough(state, member));
  if (state.ending) return { ...state, initialized };
  const work = all.filter(({ role }) => role === 'app');
  const isFailed = all.some((member) => member.role === 'init' && hasEnded(state, member) && !isThrough(state, member));
  const isCompleted = isFailed || (initialized && work.every((member) => hasEnded(state, member)));
  return isCompleted ? { ...state, initialized, ending: completion(state, nowMs) } : { ...state, initialized };
}

function completion({ pod }: PodState, nowMs: number): PodEnding {
  const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  return { reason: 'Completed', deadlineMs: nowMs + graceSeconds * 1000 };
}

/** Whether the next init container may start. */
function isThrough(state: PodState, { role, container }: PodContainer): boolean {
  const { phase, started } = containerOf(state, container.name);
  return role === 'sidecar' ? started : phase.kind === 'terminated' && phase.exitCode === 0;
}

/** Has terminated and will not be restarted. */
function hasEnded(state: PodState, { role, container }: PodContainer): boolean {
  const { phase } = containerOf(state, container.name);
  return phase.kind === 'terminated' && !willRestart(role, state.pod.spec.restartPolicy ?? 'Always', phase);
}

function willRestart(role: Role, policy: RestartPolicy, { exitCode }: Terminated): boolean {
  if (role === 'sidecar') return true;
  if (role === 'init') return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function decideContainer(state: PodState, member: PodContainer, nowMs: number): Step<ContainerState> {
  const container = containerOf(state, member.container.name);
  const { phase } = container;
  if (phase.kind === 'running') return decideRunning(state, member, nowMs);
  if (phase.kind === 'terminated') return decideRestart(state, member, phase, nowMs);
  if (phase.kind === 'starting' || !mayStart(state, member)) return stay(container);
  return startAt(state, member, phase.retryAtMs ?? nowMs, nowMs);
}

/** No container of a terminating pod is restarted, not even a sidecar (KEP-4438 will change that). */
function mayStart(state: PodState, { role, container }: PodContainer): boolean {
  if (state.ending) return false;
  if (state.initialized) return role !== 'init';
  const all = containersOf(state.pod);
  const before = all.slice(
    0,
    all.findIndex((other) => other.container === container),
  );
  return role !== 'app' && before.every((other) => isThrough(state, other));
}

function decideRestart(state: PodState, member: PodContainer, phase: Terminated, nowMs: number): Step<ContainerState> {
  const { name } = member.container;
  const container = containerOf(state, name);
  if (!mayStart(state, member) || !willRestart(member.role, state.pod.spec.restartPolicy ?? 'Always', phase)) {
    return stay(container);
  }
  const retryAtMs = phase.finishedAtMs + backOffOf(container, phase);
  if (retryAtMs <= nowMs) return startAt(state, member, nowMs, nowMs);
  const { metadata } = state.pod;
  const pod = `pod ${metadata.name}_${metadata.namespace}(${metadata.uid})`;
  const message = `back-off ${Math.round(container.backOffMs / 1000)}s restarting failed container=${name} ${pod.replace(' ', '=')}`;
  return {
    next: { ...container, last: phase, phase: { kind: 'waiting', reason: 'CrashLoopBackOff', message, retryAtMs } },
    actions: [
      {
        kind: 'event',
        container: name,
        event: { type: 'Warning', reason: 'BackOff', note: `Back-off restarting failed container ${name} in ${pod}` },
      },
    ],
    wakeAtMs: retryAtMs,
  };
}

/** A container that ran for twice the longest back-off starts without one, as in the kubelet. */
const backOffOf = ({ backOffMs }: ContainerState, { startedAtMs, finishedAtMs }: Terminated): number =>
  finishedAtMs - startedAtMs > 2 * maxBackOffMs ? 0 : backOffMs;

function startAt(state: PodState, member: PodContainer, atMs: number, nowMs: number): Step<ContainerState> {
  const { name } = member.container;
  const container = containerOf(state, name);
  if (atMs > nowMs) return stay(container, atMs);
  const run = container.run + 1;
  return { next: restarted(container, run), actions: [{ kind: 'start', container: name, run }], wakeAtMs: Infinity };
}

function restarted(container: ContainerState, run: number): ContainerState {
  const last = container.phase.kind === 'terminated' ? container.phase : container.last;
  return {
    phase: { kind: 'starting' },
    ...(last && { last }),
    run,
    restarts: container.restarts,
    backOffMs: last ? Math.min(Math.max(firstBackOffMs, 2 * backOffOf(container, last)), maxBackOffMs) : 0,
    started: false,
    ready: false,
    probes: {},
  };
}

function decideRunning(state: PodState, member: PodContainer, nowMs: number): Step<ContainerState> {
  const stopping = decideStop(state, member, nowMs);
  const probing = decideProbes(stopping.next, state, member, nowMs);
  return {
    next: probing.next,
    actions: [...stopping.actions, ...probing.actions],
    wakeAtMs: Math.min(stopping.wakeAtMs, probing.wakeAtMs),
  };
}

/** A terminating container has readiness probes only. */
function decideProbes(
  container: ContainerState,
  state: PodState,
  member: PodContainer,
  nowMs: number,
): Step<ContainerState> {
  const { name } = member.container;
  const actions: PodAction[] = [];
  const probes = { ...container.probes };
  let wakeAtMs = Infinity;
  for (const kind of probeKinds) {
    const probe = probes[kind];
    const isAsked = kind === 'readiness' || !(state.ending ?? container.stop);
    if (!probe || probe.isRunning || !isAsked || !probeOf(member.container, kind)) continue;
    if (probe.dueAtMs > nowMs) wakeAtMs = Math.min(wakeAtMs, probe.dueAtMs);
    else {
      probes[kind] = { ...probe, isRunning: true };
      actions.push({ kind: 'probe', container: name, run: container.run, probe: kind });
    }
  }
  return { next: { ...container, probes }, actions, wakeAtMs };
}
