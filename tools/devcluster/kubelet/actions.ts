/** What the kubelet decides to do for a pod, one thing at a time. */
import type { ProbeKind } from './pod.ts';

export type PodAction =
  | { kind: 'start'; container: string; run: number }
  | { kind: 'probe'; container: string; run: number; probe: ProbeKind }
  /** Runs its preStop. */
  | { kind: 'hook'; container: string; run: number }
  | { kind: 'signal'; container: string; run: number; signal: 'SIGTERM' | 'SIGKILL' }
  | { kind: 'event'; container: string; event: PodEvent }
  /** Nothing of it runs any more: its last status is written, and the object goes. */
  | { kind: 'finish' };

export type PodEvent = { type: 'Normal' | 'Warning'; reason: string; note: string };

/** A step of a decision for one thing. `wakeAtMs`: look again then, if nothing happens before; Infinity: never. */
export type Step<T> = { next: T; actions: readonly PodAction[]; wakeAtMs: number };

export const stay = <T>(next: T, wakeAtMs = Infinity): Step<T> => ({ next, actions: [], wakeAtMs });
