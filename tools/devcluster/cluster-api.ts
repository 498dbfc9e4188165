/**
 * The API as controllers and the kubelet of the devcluster use it, in its process. Calls pass through the same admission, validation and
 * defaulting as requests over HTTP; their user is a system component.
 */
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/ports.ts';

/** The only kind they use that the product does not. */
export const configMaps: Resource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export type ClusterChange = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject; old?: KubeObject };

export type Subresource = 'status';

export type DeleteOptions = {
  gracePeriodSeconds?: number;
  /** Conflict if the object has another UID. */
  uid?: string;
};

/** A call that fails throws a `StatusError`. Returned objects are frozen: copy them to change them. */
export interface ClusterApi {
  get(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  /** All objects of a kind, or those of a namespace. */
  list(resource: Resource, namespace?: string): KubeObject[];
  create(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Conflict if `metadata.resourceVersion` is given and no longer the newest. */
  update(resource: Resource, object: KubeObject, subresource?: Subresource): Promise<KubeObject>;
  /** RFC 7386 merge patch. */
  patch(resource: Resource, ref: ObjectRef, patch: object, subresource?: Subresource): Promise<KubeObject>;
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * Calls back synchronously with every existing object, then with every change, in order, before the write that made it returns.
   * Returns a function that unsubscribes.
   */
  observe(resource: Resource, onChange: (change: ClusterChange) => void): () => void;
}
