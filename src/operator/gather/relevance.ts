/**
 * Whether a change may change a translation. Most pods and Services of a cluster have nothing to do with Holdfast, and kubelets write statuses
 * all the time. What is decided here loses nothing: a translation reads the caches as a whole, also what was not worth one by itself, such as a pod that
 * was created before its StickyWorkload.
 */
import { targetKey } from '../../core/names/names.ts';
import { selects } from '../../core/resolve/label-selector.ts';
import type { XBackend } from '../../core/snapshot/x-backend.ts';
import type { Change } from '../../kube/watch/store.ts';
import type { Caches } from './caches.ts';
import type { KeptLists } from './kept-lists.ts';
import { createNamedPods } from './named-pods.ts';
import type { PodList } from './pod-list.ts';
import { controllerOf, type CachedPod } from './pods.ts';
import type { CachedSlice } from './slices.ts';
import type { CacheName } from './watched.ts';

/** `claimed`: the targets of StickyWorkloads, by `targetKey`. */
export type RelevanceOptions = {
  caches: Pick<Caches, 'onChange'>;
  lists: KeptLists;
  pods: Pick<PodList, 'complete'>;
  claimed: () => ReadonlySet<string>;
  /** Whether the EndpointSlices of a Service, `namespace/name`, are read. Before the first translation all are. */
  readsSlicesOf: (service: string) => boolean;
};

/** The decision costs the same in a large cluster as in a small one. */
export function createRelevance(options: RelevanceOptions): (name: CacheName, change: Change) => boolean {
  const { of, derive } = options.lists;
  const named = createNamedPods(options.caches);

  const withWorkloads = () =>
    derive('namespaces of workloads', [of('workloads')], () => new Set(of('workloads').map(namespaceOf)));

  const xBackends = () =>
    derive('XBackends by namespace', [of('xBackends')], () =>
      Map.groupBy(
        of('xBackends').map(({ backend }) => backend),
        ({ namespace }) => namespace,
      ),
    );

  /** A StickyWorkload may have pods of other targets, which the Service that leads to it selects. */
  function isRead(cached: CachedPod): boolean {
    const { namespace, uid, labels, gateway } = cached.pod;
    if (gateway !== undefined || cached.workload !== undefined) return true;
    const { controller } = options.pods.complete(cached);
    if (controller !== undefined && options.claimed().has(targetKey(namespace, controller))) return true;
    if (withWorkloads().has(namespace) && named.has(uid)) return true;
    return (
      xBackends()
        .get(namespace)
        ?.some((backend) => mayHave(backend, labels)) ?? false
    );
  }

  function concernsPod(change: Change): boolean {
    const pod = change.object as CachedPod;
    if (isRead(pod)) return true;
    if (change.type === 'MODIFIED') return isRead(change.previous as CachedPod);
    // Whether a slice names a pod of another namespace shows only while the pod is known.
    return named.has(pod.pod.uid);
  }

  /** One that is deleted breaks the chain of its pods. */
  function concernsReplicaSet({ object: { metadata } }: Change): boolean {
    const controller = controllerOf(metadata);
    return controller !== undefined && options.claimed().has(targetKey(metadata.namespace ?? '', controller));
  }

  /** Its label may have named another Service before. */
  function concernsSlice(change: Change): boolean {
    const versions = change.type === 'MODIFIED' ? [change.object, change.previous] : [change.object];
    return (versions as CachedSlice[]).some(({ slice: { namespace, service } }) =>
      options.readsSlicesOf(`${namespace}/${service}`),
    );
  }

  return (name, change) => {
    if (name === 'pods') return concernsPod(change);
    if (name === 'slices') return concernsSlice(change);
    if (name === 'replicaSets') return concernsReplicaSet(change);
    return true;
  };
}

const namespaceOf = ({ metadata }: { metadata: { namespace: string } }): string => metadata.namespace;

const mayHave = ({ spec: { endpointSelector = {} } }: XBackend, labels: Record<string, string>): boolean =>
  selects(endpointSelector, labels);
