/** ListenerSets: listeners that other namespaces add to a Gateway. */
import type { ListenerSet } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { readListeners, type LiveListener } from './listeners.ts';
import { projectWithStatus, type CachedWithStatus } from './owned.ts';

export const listenerSetDefinition = 'listenersets.gateway.networking.k8s.io';

export type CachedListenerSet = CachedWithStatus & { listenerSet: ListenerSet };

type LiveListenerSet = KubeObject & {
  spec?: {
    parentRef?: { group?: string; kind?: string; namespace?: string; name: string };
    listeners?: LiveListener[] | null;
  };
};

export function projectListenerSet(object: KubeObject): CachedListenerSet {
  const { metadata, spec = {} } = object as LiveListenerSet;
  const { namespace = '', name, uid = '', generation = 0, creationTimestamp = '' } = metadata;
  const { group = 'gateway.networking.k8s.io', kind = 'Gateway', ...parent } = spec.parentRef ?? { name: '' };
  return {
    ...projectWithStatus(object),
    listenerSet: {
      namespace,
      name,
      uid,
      generation,
      createdAt: creationTimestamp,
      parent: { group, kind, namespace: parent.namespace ?? namespace, name: parent.name },
      listeners: readListeners(object, spec.listeners),
    },
  };
}
