/**
 * The API as controllers and the kubelet of the devcluster use it, inside of its process. It passes through the same
 * admission, validation and defaulting as a request over HTTP, under the name of a system component.
 */
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/ports.ts';

export type ClusterChange = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject; old?: KubeObject };

export type Subresource = 'status' | 'scale';

export type DeleteOptions = {
  gracePeriodSeconds?: number;
  /** Refused with Conflict where the object has another. */
  uid?: string;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
};

/** All calls that fail throw a `StatusError`. Objects that come out are frozen: copy before changing. */
export interface ClusterApi {
  get(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  /** All of a kind, or those of a namespace. */
  list(resource: Resource, namespace?: string): KubeObject[];
  create(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Conflict where `metadata.resourceVersion` is given and no longer the newest. */
  update(resource: Resource, object: KubeObject, subresource?: Subresource): Promise<KubeObject>;
  /** RFC 7386 merge patch. */
  patch(resource: Resource, ref: ObjectRef, patch: object, subresource?: Subresource): Promise<KubeObject>;
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * Calls back with every object that is there, at once, and then with every change, in order and synchronously after
   * the write that made it. Answers a function that ends it.
   */
  observe(resource: Resource, onChange: (change: ClusterChange) => void): () => void;
}
