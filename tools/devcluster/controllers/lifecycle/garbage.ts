/**
 * The garbage collector: deletes what all owners of are gone, and carries out foreground and orphan deletion.
 * It keeps a graph of all objects by UID, since an owner reference is not kept by name.
 */
import type { KubeObject, OwnerReference, Resource } from '../../../../src/kube/ports.ts';
import type { ClusterChange } from '../../cluster-api.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import { findResource } from '../served.ts';
import type { GarbageDecision, GarbageSnapshot, GraphNode } from './garbage-decision.ts';
import { decideGarbage } from './garbage-decision.ts';

export function createGarbageCollector({ api, served }: Tools): Controller {
  const nodes = new Map<string, GraphNode>();
  const dependents = new Map<string, Set<string>>();

  const ownersOf = ({ metadata }: KubeObject): string[] => (metadata.ownerReferences ?? []).map(({ uid }) => uid);

  /** Brings the graph up to date; answers who may have to act: itself, owners that wait for it, and its dependents when it goes. */
  function note(resource: Resource, { type, object }: ClusterChange): string[] {
    const { uid } = object.metadata;
    if (uid === undefined) return [];
    const before = nodes.get(uid)?.object ?? object;
    for (const owner of ownersOf(before)) unlink(owner, uid);
    if (type === 'DELETED') nodes.delete(uid);
    else link(uid, { resource, object });
    const going = type === 'DELETED' || object.metadata.deletionTimestamp !== undefined;
    return [uid, ...ownersOf(before), ...(going ? (dependents.get(uid) ?? []) : [])];
  }

  function link(uid: string, node: GraphNode): void {
    nodes.set(uid, node);
    for (const owner of ownersOf(node.object)) dependents.set(owner, (dependents.get(owner) ?? new Set()).add(uid));
  }

  function unlink(owner: string, uid: string): void {
    const those = dependents.get(owner);
    those?.delete(uid);
    if (those?.size === 0) dependents.delete(owner);
  }

  function gather(object: KubeObject): GarbageSnapshot {
    const resources = served();
    return {
      object,
      owners: (object.metadata.ownerReferences ?? []).map((reference) => ({
        reference,
        owner: findOwner(resources, reference),
      })),
      dependents: [...(dependents.get(object.metadata.uid ?? '') ?? [])].flatMap((uid) => nodes.get(uid) ?? []),
    };
  }

  function findOwner(resources: readonly Resource[], reference: OwnerReference): KubeObject | 'absent' | 'unknown' {
    const found = nodes.get(reference.uid);
    if (found !== undefined) return found.object;
    return findResource(resources, reference) === undefined ? 'unknown' : 'absent';
  }

  async function reconcile(uid: string): Promise<undefined> {
    const node = nodes.get(uid);
    if (node !== undefined) await apply(node, decideGarbage(gather(node.object)));
  }

  async function apply({ resource, object }: GraphNode, decision: GarbageDecision): Promise<void> {
    const { metadata } = object;
    switch (decision.type) {
      case 'keep':
      case 'wait for dependents':
        return;
      case 'delete':
        await unlessGone(
          api.delete(resource, metadata, { propagationPolicy: decision.propagationPolicy, uid: metadata.uid ?? '' }),
        );
        return;
      case 'keep owners':
        await unlessGone(api.patch(resource, metadata, { metadata: { ownerReferences: decision.ownerReferences } }));
        return;
      case 'orphan dependents':
        for (const dependent of decision.dependents) await unlessGone(disown(dependent, metadata.uid));
        return;
      case 'remove finalizer':
        await unlessGone(
          api.patch(resource, metadata, {
            metadata: { finalizers: (metadata.finalizers ?? []).filter((one) => one !== decision.finalizer) },
          }),
        );
    }
  }

  function disown({ resource, object }: GraphNode, uid: string | undefined): Promise<KubeObject> {
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
    return api.patch(resource, object.metadata, { metadata: { ownerReferences } });
  }

  return { name: 'garbage-collector', watches: [], watchAll: note, reconcile };
}
