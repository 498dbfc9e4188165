/** The actions of the kubelet for a pod. */
import type { ProbeKind } from './pod.ts';

export type PodAction =
  | { kind: 'start'; container: string; run: number }
  | { kind: 'probe'; container: string; run: number; probe: ProbeKind }
  /** Runs its preStop. */
  | { kind: 'hook'; container: string; run: number }
  | { kind: 'signal'; container: string; run: number; signal: 'SIGTERM' | 'SIGKILL' }
  | { kind: 'event'; container: string; event: PodEvent }
  /** All containers have terminated: write the last status and remove the object. */
  | { kind: 'finish' };

export type PodEvent = { type: 'Normal' | 'Warning'; reason: string; note: string };

/** The result of a decision. `wakeAtMs`: when to decide again if nothing happens before; Infinity: never. */
export type Step<T> = { next: T; actions: readonly PodAction[]; wakeAtMs: number };

export const stay = <T>(next: T, wakeAtMs = Infinity): Step<T> => ({ next, actions: [], wakeAtMs });
