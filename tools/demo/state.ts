/** What the demo knows at one moment: everything that its view shows, and nothing of how it is shown. */

/** `Starting`: not ready yet. `Draining`: told to go, and held by its sessions. `Ending`: nothing holds it any more. */
export type DemoPodState = 'Starting' | 'Accepting' | 'Draining' | 'Ending';

/** `sessions`: as Holdfast counts them; undefined: unknown. `heldMs`: for how long it has been draining. */
export type DemoPod = { name: string; state: DemoPodState; sessions: number | undefined; heldMs?: number };

/** What somebody in the cluster said or did, and why: an event of Kubernetes, or a step of the demo. */
export type DemoEvent = { atMs: number; source: string; reason: string; text: string };

/** The customers' own sessionLog. */
export type DemoSessions = { started: number; ended: number; lost: number; alive: number };

export type DemoState = {
  /** Such as `Holdfast: 40 customers, an autoscaler takes 5 pods to 2 and back`. */
  title: string;
  /** What happens at the moment, in a few words. */
  step: string;
  elapsedMs: number;
  /** Of the whole act, where it is known. */
  durationMs: number;
  wantedReplicas: number;
  /** In order of their names. */
  pods: readonly DemoPod[];
  sessions: DemoSessions;
  /** The newest last. */
  events: readonly DemoEvent[];
};
