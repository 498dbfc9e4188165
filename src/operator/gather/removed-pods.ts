/**
 * Pods that are gone, for as long as a token may still name them. A token of a removed pod is lost at once; a token of a
 * pod nobody has heard of may be ahead of us and is worth a wait. Known to this replica only, since its start.
 */
import { endpointId } from '../../core/session/token.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { RemovedEndpoint } from '../../wire/routing-table.ts';

/** Per target. 1,000 departures are a rollout of a large Deployment; older ones are told from the dates in the token. */
const maxPerTarget = 1000;

export interface RemovedPods {
  /** `target`: `namespace/kind/name` at the end of the pod's controller chain. */
  record(target: string, pod: Pick<Pod, 'uid'>, nowMs: number): void;
  of(target: string): RemovedEndpoint[];
}

/** The same object each time: whoever compares by identity sees that nothing changed. */
const none: RemovedEndpoint[] = [];

export function createRemovedPods(): RemovedPods {
  const byTarget = new Map<string, RemovedEndpoint[]>();
  return {
    record(target, { uid }, nowMs) {
      const known = byTarget.get(target) ?? [];
      if (known.some((removedEndpoints) => removedEndpoints.uid === uid)) return;
      byTarget.set(target, [{ id: endpointId(uid), uid, atMs: nowMs }, ...known].slice(0, maxPerTarget));
    },
    of: (target) => byTarget.get(target) ?? none,
  };
}
