/**
 * The garbage collector: deletes objects whose owners no longer exist (background deletion). Its graph is keyed by UID, because an owner
 * reference means one object, not every object of that name.
 */
import type { KubeObject, OwnerReference, Resource } from '../../../../src/kube/ports.ts';
import type { ClusterChange } from '../../cluster-api.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import { findResource } from '../served.ts';

type Node = { resource: Resource; object: KubeObject };

export function createGarbageCollector({ api, served }: Tools): Controller {
  const nodes = new Map<string, Node>();
  /** UIDs of the objects that name an owner, by its UID. */
  const dependents = new Map<string, Set<string>>();

  const ownersOf = ({ metadata }: KubeObject): readonly OwnerReference[] => metadata.ownerReferences ?? [];

  /** Updates the graph. Returns the UIDs to check: the object itself, and its dependents once it no longer exists. */
  function update(resource: Resource, { type, object, old = object }: ClusterChange): string[] {
    const { uid } = object.metadata;
    if (uid === undefined) return [];
    for (const owner of ownersOf(old)) unlink(owner.uid, uid);
    if (type === 'DELETED') {
      nodes.delete(uid);
      return [...(dependents.get(uid) ?? [])];
    }
    nodes.set(uid, { resource, object });
    for (const owner of ownersOf(object)) {
      dependents.set(owner.uid, (dependents.get(owner.uid) ?? new Set()).add(uid));
    }
    return [uid];
  }

  function unlink(owner: string, uid: string): void {
    const set = dependents.get(owner);
    set?.delete(uid);
    if (set?.size === 0) dependents.delete(owner);
  }

  /** Whether an owner of a kind that is not served exists is unknown: then it counts as existing. */
  const isAbsent = (reference: OwnerReference): boolean =>
    !nodes.has(reference.uid) && findResource(served(), reference) !== undefined;

  async function reconcile(uid: string): Promise<void> {
    const node = nodes.get(uid);
    if (node === undefined || node.object.metadata.deletionTimestamp !== undefined) return;
    const { resource, object } = node;
    const owners = ownersOf(object);
    const ownerReferences = owners.filter((owner) => !isAbsent(owner));
    if (ownerReferences.length === owners.length) return;
    await unlessGone(
      ownerReferences.length > 0
        ? api.patch(resource, object.metadata, { metadata: { ownerReferences } })
        : api.delete(resource, object.metadata, { uid }),
    );
  }

  return { name: 'garbage-collector', watches: [], watchAll: update, reconcile };
}
