/** Kubernetes as the rest of the code sees it. `live/` implements these over client-node; tests over an in-memory cluster. */

/** Any object, as JSON. Typed reads of the client drop fields they do not know, so nothing is typed more narrowly here. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
} & Record<string, unknown>;

export type ObjectMeta = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  generateName?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
};

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

/** A kind and where it lives. `group` is empty for the core group. */
export type Resource = { group: string; version: string; kind: string; plural: string; namespaced: boolean };

export type ObjectRef = { namespace?: string; name: string };

export type ListOptions = {
  labelSelector?: string;
  fieldSelector?: string;
  /** Only metadata comes back (PartialObjectMetadata). */
  metadataOnly?: boolean;
};

export type WatchOptions = ListOptions & {
  signal: AbortSignal;
  /** Called when the server has accepted the watch: on a kind that never changes it may send nothing else. */
  onOpen?: () => void;
};

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  | { type: 'BOOKMARK'; resourceVersion: string };

/**
 * Reads. All throw AppError: KUBERNETES_EXPIRED when a watch must start anew from a list (410),
 * KUBERNETES_UNAVAILABLE when the server cannot be reached.
 */
export interface ObjectReader {
  get(resource: Resource, ref: ObjectRef): Promise<KubeObject | undefined>;
  list(resource: Resource, options?: ListOptions): Promise<{ items: KubeObject[]; resourceVersion: string }>;
  /** Ends without an error when the server closes the stream or the signal aborts. Bookmarks are asked for. */
  watch(resource: Resource, resourceVersion: string, options: WatchOptions): AsyncIterable<WatchEvent>;
}

/** Writes. A write that fails throws; nothing is swallowed. */
export interface ObjectWriter {
  /** Server-side apply with field manager `holdfast`, forced: what we own is put back. */
  apply(resource: Resource, object: KubeObject, subresource?: 'status'): Promise<KubeObject>;
  /**
   * Server-side apply that takes nothing from anybody: AppError KUBERNETES_CONFLICT where another field manager has a field with
   * another value. With a `metadata.uid` also where the object is gone, or is a namesake.
   */
  applyUnforced(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Plain creation; AppError KUBERNETES_CONFLICT where the object exists. */
  create(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Replaces the whole object; AppError KUBERNETES_CONFLICT unless metadata.resourceVersion is the current one. */
  update(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Deletes; an object that is gone already is fine. `uid` guards against deleting a namesake. */
  delete(resource: Resource, ref: ObjectRef, uid?: string): Promise<void>;
}

/** Who a bearer token belongs to (TokenReview). `extra` holds the pod's name and UID for a bound ServiceAccount token. */
export type Identity = { username: string; podName?: string; podUid?: string };

export interface TokenReviewer {
  /** Undefined: the token is not valid for the audience `holdfast`. Throws AppError when the API server cannot say. */
  review(token: string): Promise<Identity | undefined>;
}

/** An event of events.k8s.io/v1. Repeats of the same are merged by the sink. */
export type EventNote = {
  regarding: { apiVersion: string; kind: string; name: string; namespace: string; uid?: string };
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
};

export interface EventSink {
  /** Never throws: an event that cannot be written is logged. */
  emit(event: EventNote): void;
}
