/**
 * All that the kubelet knows of a pod: plain data. `observePod` takes in what happened, `decidePod` says what to do.
 *
 *   waiting ──start──► starting ──started──► running ──exited──► terminated ──restart, after its back-off──► starting
 *                          └────failed────► waiting, and tried again
 */
import { containersOf } from './pod.ts';
import type { Pod, ProbeKind, Role } from './pod.ts';

export type PodState = {
  pod: Pod;
  /** Its own, for as long as it lives. */
  podIp: string;
  startTimeMs: number;
  /** Every ordinary init container has ended well, and every sidecar has started: that stays so. */
  initialized: boolean;
  /** By name. */
  containers: Readonly<Record<string, ContainerState>>;
  /** Undefined while the pod is to run. */
  ending?: PodEnding;
};

/**
 * `Deleted`: a user or controller wants the pod gone. `Gone`: it is, there is nobody to report to. `Completed`: nothing of it is left to
 * run but sidecars.
 */
export type PodEnding = { why: 'Deleted' | 'Gone' | 'Completed'; deadlineMs: number };

export type ContainerState = {
  phase: Waiting | { kind: 'starting' } | Running | Terminated;
  /** How the run before this one ended. */
  last?: Terminated;
  /** Tells this run's answers from those of earlier ones. */
  run: number;
  restarts: number;
  /** How long the next restart has to wait after the end; 0: the first is at once. */
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

/** `hook`: its preStop. `termAtMs`: when it got SIGTERM. The deadline is the pod's own where the pod ends. */
export type StopState = {
  why: 'ending' | 'liveness' | 'startup';
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

/** It has a process, or is about to have one. */
export const isLive = ({ phase }: ContainerState): boolean => phase.kind === 'running' || phase.kind === 'starting';

/** An init container is ready when it has ended well. */
export const isReady = ({ phase, ready }: ContainerState, role: Role): boolean =>
  role === 'init' ? phase.kind === 'terminated' && phase.exitCode === 0 : ready;
