/** What a user should know of a target that is taken as it is. */
import type { Target } from '../snapshot/snapshot.ts';

/** Sentences for condition Accepted, each with the way out; empty where all is as it should be. */
export function noteTarget({ kind, name, hostNetwork, hasReadinessProbe }: Target): string[] {
  const notes: string[] = [];
  if (hostNetwork) {
    notes.push(
      `Pods of ${kind} ${name} are on the host's network, where the sidecar cannot listen: their sessions are cut when they go. Remove hostNetwork from the pod template to have them held.`,
    );
  }
  if (!hasReadinessProbe) {
    notes.push(
      `No container of ${kind} ${name} has a readiness probe: a pod gets new sessions as soon as its containers run. Add one that succeeds when the app can take them.`,
    );
  }
  return notes;
}
