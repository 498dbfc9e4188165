/** Warnings about a target that is accepted. */
import type { Target } from '../snapshot/snapshot.ts';

/** Returns sentences for condition Accepted, each with what to do; empty if there is nothing to warn about. */
export function noteTarget({ kind, name, hostNetwork, hasReadinessProbe }: Target): string[] {
  const notes: string[] = [];
  if (hostNetwork) {
    notes.push(
      `Pods of ${kind} ${name} use the host network, where the sidecar cannot listen: their sessions are cut when they terminate. Remove hostNetwork from the pod template to have them held.`,
    );
  }
  if (!hasReadinessProbe) {
    notes.push(
      `No container of ${kind} ${name} has a readiness probe: a pod gets new sessions as soon as its containers run. Add a probe that succeeds when the app can accept sessions.`,
    );
  }
  return notes;
}
