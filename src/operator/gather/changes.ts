/** What an event of a watch changes in what is cached. Most change nothing: kubelets and controllers write statuses all the time. */
import type { KubeObject } from '../../kube/ports.ts';
import type { Change } from '../../kube/watch/store.ts';
import { shareUnchanged } from '../../platform/share-unchanged.ts';

/** `Unreadable`: it cannot be reduced to what is cached, see `faults.ts`. `Unchanged`: no field that is cached. `StatusOnly`: only what Holdfast itself writes into the objects of others, such as a status. */
export type EventResult = 'Changed' | 'StatusOnly' | 'Unchanged' | 'Unreadable';

/** The parts of a cached object that hold these; see `projectWithStatus` and `CachedPod`. */
const statusParts: ReadonlySet<string> = new Set(['status', 'observed', 'deletionCost']);

/** Returns the object, in which each part that is equal to that of the previous version is the same object. */
export function shareWith(previous: KubeObject | undefined, next: KubeObject): KubeObject {
  return previous !== undefined && previous.metadata.uid === next.metadata.uid ? shareUnchanged(previous, next) : next;
}

/** Both versions share their equal parts. */
export function judgeChange(change: Change): EventResult {
  if (change.type !== 'MODIFIED') return 'Changed';
  const { object, previous } = change;
  const changed = changedKeys(object, previous).filter((key) => key !== 'metadata');
  const metadata = changedKeys(object.metadata, previous.metadata).filter((key) => key !== 'resourceVersion');
  if (metadata.length > 0 || changed.some((key) => !statusParts.has(key))) return 'Changed';
  return changed.length > 0 ? 'StatusOnly' : 'Unchanged';
}

function changedKeys(one: Record<string, unknown>, other: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => one[key] !== other[key]);
}
