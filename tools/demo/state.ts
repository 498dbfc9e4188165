/** The state of the demo at one moment, independent of its views. */

/** `Starting`: not ready yet. `Draining`: terminating, and kept by its sessions. `Ending`: terminating, without sessions. */
export type DemoPodState = 'Starting' | 'Accepting' | 'Draining' | 'Ending';

export type DemoPod = {
  name: string;
  state: DemoPodState;
  /** Confirmed sessions, as Holdfast counts them; undefined: unknown. */
  sessions: number | undefined;
  /** Sessions whose client has not returned yet. */
  unconfirmed?: number;
  /** For how long it has been terminating. */
  heldMs?: number;
  /** When it terminates even with sessions, where that is known. */
  deadlineMs?: number;
};

/** An event of Kubernetes about the shop. `source`: the object that it is about. */
export type DemoEvent = { atMs: number; source: string; reason: string; text: string };

/** Counted by the customers themselves. */
export type DemoSessions = { started: number; ended: number; lost: number; active: number };

export const noSessions: DemoSessions = { started: 0, ended: 0, lost: 0, active: 0 };

export const addSessions = (one: DemoSessions, other: DemoSessions): DemoSessions => ({
  started: one.started + other.started,
  ended: one.ended + other.ended,
  lost: one.lost + other.lost,
  active: one.active + other.active,
});

export type DemoState = {
  /** Such as `Holdfast: 40 customers, an autoscaler between 2 and 5 pods`. */
  title: string;
  /** The current step, in a few words. */
  step: string;
  elapsedMs: number;
  /** Of the whole scenario; 0 while unknown. */
  durationMs: number;
  wantedReplicas: number;
  /** In order of their names. */
  pods: readonly DemoPod[];
  sessions: DemoSessions;
  /** The newest last. */
  events: readonly DemoEvent[];
};
