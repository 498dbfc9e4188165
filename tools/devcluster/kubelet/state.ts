/**
 * The state of a pod in the kubelet: plain data. `observePod` updates it, `decidePod` decides the next actions.
 *
 *   waiting ──start──► starting ──started──► running ──exited──► terminated ──restart, after the back-off──► starting
 *                          └────failed────► waiting, then retried
 */
import { containersOf } from './pod.ts';
import type { Pod, ProbeKind, Role } from './pod.ts';

export type PodState = {
  pod: Pod;
  /** Assigned for its lifetime. */
  podIp: string;
  startTimeMs: number;
  /** Every init container has succeeded and every sidecar has started, once. */
  initialized: boolean;
  /** Keyed by name. */
  containers: Readonly<Record<string, ContainerState>>;
  /** Undefined while the pod is to run. */
  ending?: PodEnding;
};

/**
 * `Deleted`: the pod is terminating. `Gone`: the object no longer exists, so no status is written. `Completed`: only sidecars are
 * left.
 */
export type PodEnding = { reason: 'Deleted' | 'Gone' | 'Completed'; deadlineMs: number };

export type ContainerState = {
  phase: Waiting | { kind: 'starting' } | Running | Terminated;
  /** The end of the previous run. */
  last?: Terminated;
  /** Distinguishes results of this run from those of earlier ones. */
  run: number;
  restarts: number;
  /** The delay of the next restart; 0 for the first. */
  backOffMs: number;
  /** Running, and its startup probe has passed. */
  started: boolean;
  ready: boolean;
  probes: Readonly<Partial<Record<ProbeKind, ProbeState>>>;
  stop?: StopState;
};

export type Waiting = { kind: 'waiting'; reason: string; message?: string; retryAtMs?: number };
export type Running = { kind: 'running'; startedAtMs: number };
export type Terminated = {
  kind: 'terminated';
  exitCode: number;
  signal?: number;
  startedAtMs: number;
  finishedAtMs: number;
};

export type ProbeState = { dueAtMs: number; isRunning: boolean; successes: number; failures: number };

/** `hook`: its preStop. `termAtMs`: when it received SIGTERM. The deadline is that of the pod if the pod terminates. */
export type StopState = {
  reason: 'ending' | 'liveness' | 'startup';
  deadlineMs: number;
  hook: 'due' | 'running' | 'over';
  termAtMs?: number;
  isKilled?: boolean;
};

export const firstBackOffMs = 10_000;
export const maxBackOffMs = 300_000;

const newContainer: ContainerState = {
  phase: { kind: 'waiting', reason: 'PodInitializing' },
  run: 0,
  restarts: 0,
  backOffMs: 0,
  started: false,
  ready: false,
  probes: {},
};

export function newPodState(pod: Pod, podIp: string, nowMs: number): PodState {
  const all = containersOf(pod);
  const initialized = all.every(({ role }) => role === 'app');
  const reason = initialized ? 'ContainerCreating' : 'PodInitializing';
  const containers = Object.fromEntries(
    all.map(({ container }): [string, ContainerState] => [
      container.name,
      { ...newContainer, phase: { kind: 'waiting', reason } },
    ]),
  );
  return { pod, podIp, startTimeMs: nowMs, initialized, containers };
}

export const containerOf = (state: PodState, name: string): ContainerState => state.containers[name] ?? newContainer;

export const withContainer = (state: PodState, name: string, container: ContainerState): PodState => ({
  ...state,
  containers: { ...state.containers, [name]: container },
});

/** Whether it has a process, or is starting one. */
export const isLive = ({ phase }: ContainerState): boolean => phase.kind === 'running' || phase.kind === 'starting';

/** An init container is ready when it has succeeded. */
export const isReady = ({ phase, ready }: ContainerState, role: Role): boolean =>
  role === 'init' ? phase.kind === 'terminated' && phase.exitCode === 0 : ready;
