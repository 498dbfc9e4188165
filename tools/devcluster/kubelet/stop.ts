/**
 * The termination of a running container, as in the kubelet 1.35:
 *
 *   due ──► preStop runs ──► over ──► (a sidecar waits for its turn) ──► SIGTERM ──► SIGKILL
 *                └── abandoned at the deadline ──┘      └── at the deadline ──┘
 *
 * All preStops of a pod start at once. The SIGKILL comes at the deadline, and never less than two seconds after the SIGTERM.
 */
import { stay } from './actions.ts';
import type { PodAction, Step } from './actions.ts';
import { containersOf } from './pod.ts';
import type { PodContainer } from './pod.ts';
import { containerOf, isLive } from './state.ts';
import type { ContainerState, PodState, StopState } from './state.ts';

const minTermMs = 2000;

export function decideStop(state: PodState, member: PodContainer, nowMs: number): Step<ContainerState> {
  const container = containerOf(state, member.container.name);
  const stop = begunStop(state, container);
  if (!stop) return stay(container);
  const deadlineMs = state.ending?.deadlineMs ?? stop.deadlineMs;
  const step = decideSignals(
    { ...stop, deadlineMs },
    { member, run: container.run, isTurn: !state.ending || isItsTurn(state, member) },
    nowMs,
  );
  return { ...step, next: { ...container, stop: step.next } };
}

/** If the pod terminates, a container that a probe has stopped terminates with it. */
function begunStop({ ending }: PodState, { stop }: ContainerState): StopState | undefined {
  if (!ending) return stop;
  return stop ?? { reason: 'ending', deadlineMs: ending.deadlineMs, hook: 'due' };
}

/** Sidecars terminate in reverse order, after all other containers. */
function isItsTurn(state: PodState, { role, container }: PodContainer): boolean {
  const all = containersOf(state.pod);
  const index = all.findIndex((other) => other.container === container);
  const isBefore = (other: PodContainer, at: number) => other.role !== 'sidecar' || at > index;
  return (
    role !== 'sidecar' ||
    !all.some((other, at) => isBefore(other, at) && isLive(containerOf(state, other.container.name)))
  );
}

type Stopping = { member: PodContainer; run: number; isTurn: boolean };

function decideSignals(before: StopState, { member, run, isTurn }: Stopping, nowMs: number): Step<StopState> {
  const { name, lifecycle } = member.container;
  const actions: PodAction[] = [];
  let stop = before;
  if (stop.hook === 'due') {
    actions.push({
      kind: 'event',
      container: name,
      event: { type: 'Normal', reason: 'Killing', note: killingNote(name, stop.reason) },
    });
    stop = { ...stop, hook: lifecycle?.preStop && nowMs < stop.deadlineMs ? 'running' : 'over' };
    if (stop.hook === 'running') actions.push({ kind: 'hook', container: name, run });
  }
  if (stop.termAtMs === undefined && (nowMs >= stop.deadlineMs || (stop.hook === 'over' && isTurn))) {
    actions.push({ kind: 'signal', container: name, run, signal: 'SIGTERM' });
    stop = { ...stop, termAtMs: nowMs };
  }
  if (!stop.isKilled && nowMs >= killAtMs(stop)) {
    actions.push({ kind: 'signal', container: name, run, signal: 'SIGKILL' });
    stop = { ...stop, isKilled: true };
  }
  return { next: stop, actions, wakeAtMs: wakeAtMs(stop) };
}

const killAtMs = ({ termAtMs = Infinity, deadlineMs }: StopState): number => Math.max(deadlineMs, termAtMs + minTermMs);

function wakeAtMs(stop: StopState): number {
  if (stop.isKilled) return Infinity;
  return stop.termAtMs === undefined ? stop.deadlineMs : killAtMs(stop);
}

const killingNote = (name: string, reason: StopState['reason']): string =>
  reason === 'ending' ? `Stopping container ${name}` : `Container ${name} failed ${reason} probe, will be restarted`;
