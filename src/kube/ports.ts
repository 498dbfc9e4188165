/** The Kubernetes API as ports. `live/` implements them over HTTP; tests run it without HTTP against a cluster in the same process. */

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
  /** Only the objects of this namespace, for which a Role in it is enough. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Returns only metadata (PartialObjectMetadata). */
  metadataOnly?: boolean;
};

export type WatchOptions = ListOptions & {
  signal: AbortSignal;
  /** Called when the server has accepted the watch: for a kind that never changes it may send nothing else. */
  onOpen?: () => void;
};

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  | { type: 'BOOKMARK'; resourceVersion: string };

/**
 * Reads. All throw AppError: KUBERNETES_EXPIRED when a watch must start again from a list (410),
 * KUBERNETES_UNAVAILABLE when the server cannot be reached.
 */
export interface ObjectReader {
  get(resource: Resource, ref: ObjectRef): Promise<KubeObject | undefined>;
  list(resource: Resource, options?: ListOptions): Promise<{ items: KubeObject[]; resourceVersion: string }>;
  /** Ends without an error when the server closes the stream or the signal aborts. Requests bookmarks. */
  watch(resource: Resource, resourceVersion: string, options: WatchOptions): AsyncIterable<WatchEvent>;
}

/** Writes. A failed write throws. */
export interface ObjectWriter {
  /**
   * Server-side apply with field manager `holdfast`, forced: fields that Holdfast owns are restored. With a `metadata.uid`, AppError
   * KUBERNETES_CONFLICT if the object no longer exists or was recreated with another UID.
   */
  apply(resource: Resource, object: KubeObject, subresource?: 'status'): Promise<KubeObject>;
  /**
   * Server-side apply that never takes over a field of another manager: AppError KUBERNETES_CONFLICT if another field manager owns a field with
   * another value. With a `metadata.uid`, also if the object no longer exists or was recreated with another UID.
   */
  applyUnforced(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Plain creation; AppError KUBERNETES_CONFLICT if the object exists. */
  create(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Replaces the whole object; AppError KUBERNETES_CONFLICT unless metadata.resourceVersion is the current one. */
  update(resource: Resource, object: KubeObject): Promise<KubeObject>;
  /** Deletes; succeeds if the object no longer exists. `uid` prevents the deletion of a recreated object of the same name. */
  delete(resource: Resource, ref: ObjectRef, uid?: string): Promise<void>;
}

/** The owner of a bearer token (TokenReview). A bound ServiceAccount token has the name and UID of its pod. */
export type Identity = { username: string; podName?: string; podUid?: string };

export interface TokenReviewer {
  /** Resolves with undefined if the token is not valid for the audience `holdfast`. Throws AppError if the API server cannot review it. */
  review(token: string): Promise<Identity | undefined>;
}

/** An event of events.k8s.io/v1. The sink drops repeats. */
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
