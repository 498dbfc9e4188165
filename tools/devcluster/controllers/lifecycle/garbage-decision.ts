/** What becomes of an object because of its owners and dependents. Pure; as kube-controller-manager's garbage collector decides. */
import type { KubeObject, OwnerReference, Resource } from '../../../../src/kube/ports.ts';
import type { DeleteOptions } from '../../cluster-api.ts';

export type GraphNode = { resource: Resource; object: KubeObject };

export type GarbageSnapshot = {
  object: KubeObject;
  /** Per owner reference: the owner, `absent`, or `unknown` where its kind is not served, so that nobody can say. */
  owners: readonly { reference: OwnerReference; owner: KubeObject | 'absent' | 'unknown' }[];
  dependents: readonly GraphNode[];
};

export type GarbageDecision =
  | { type: 'keep' }
  | { type: 'delete'; propagationPolicy: NonNullable<DeleteOptions['propagationPolicy']> }
  /** Some owners are gone, but not all: it stays, with those that are left. */
  | { type: 'keep owners'; ownerReferences: OwnerReference[] }
  /** It goes after those that block it. They were woken with it, and delete themselves. */
  | { type: 'wait for dependents' }
  | { type: 'orphan dependents'; dependents: GraphNode[] }
  | { type: 'remove finalizer'; finalizer: string };

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

const hasFinalizer = ({ metadata }: KubeObject, finalizer: string): boolean =>
  metadata.finalizers?.includes(finalizer) === true;
const isDeleted = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
const referenceTo = (dependent: KubeObject, owner: KubeObject): OwnerReference | undefined =>
  dependent.metadata.ownerReferences?.find(({ uid }) => uid === owner.metadata.uid);

export function decideGarbage(snapshot: GarbageSnapshot): GarbageDecision {
  const { object, dependents } = snapshot;
  if (!isDeleted(object)) return decideByOwners(snapshot);
  if (hasFinalizer(object, orphan)) {
    return dependents.length === 0
      ? { type: 'remove finalizer', finalizer: orphan }
      : { type: 'orphan dependents', dependents: [...dependents] };
  }
  if (!hasFinalizer(object, foreground)) return { type: 'keep' };
  const blocked = dependents.some((dependent) => referenceTo(dependent.object, object)?.blockOwnerDeletion === true);
  return blocked ? { type: 'wait for dependents' } : { type: 'remove finalizer', finalizer: foreground };
}

function decideByOwners({ object, owners, dependents }: GarbageSnapshot): GarbageDecision {
  if (owners.length === 0) return { type: 'keep' };
  const waiting = owners.filter(
    ({ reference, owner }) => typeof owner === 'object' && reference.blockOwnerDeletion === true && isForeground(owner),
  );
  const absent = owners.filter(({ owner }) => owner === 'absent');
  const solid = owners.filter((one) => !waiting.includes(one) && !absent.includes(one));
  if (solid.length === owners.length) return { type: 'keep' };
  if (solid.length > 0) return { type: 'keep owners', ownerReferences: solid.map(({ reference }) => reference) };
  if (waiting.length > 0 && dependents.length > 0) return { type: 'delete', propagationPolicy: 'Foreground' };
  return { type: 'delete', propagationPolicy: defaultPolicy(object) };
}

const isForeground = (owner: KubeObject): boolean => isDeleted(owner) && hasFinalizer(owner, foreground);

function defaultPolicy(object: KubeObject): NonNullable<DeleteOptions['propagationPolicy']> {
  if (hasFinalizer(object, orphan)) return 'Orphan';
  return hasFinalizer(object, foreground) ? 'Foreground' : 'Background';
}
