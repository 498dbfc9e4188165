/** Changes of existing objects: PUT, all patches, scale and status. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { type ManagedFieldsEntry, trackUpdate } from '../../patch/managed-fields.ts';
import { isSameJson } from '../../schema/json.ts';
import { type Cluster, conflict, isoSeconds, notFound, type WriteRequest } from '../cluster.ts';
import { textsAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { StatusError } from '../../status-error.ts';
import { admit } from './admission.ts';
import { checkScope } from './create.ts';
import { checkObject, complete, prepareChanged, withGeneration, withManagedFields } from './prepare.ts';

/** The object that a request makes of the current version; with `managedFields` if the request computed them (server-side apply). */
export type Proposal = { object: KubeObject; managedFields?: readonly ManagedFieldsEntry[] };

export type Change = {
  kind: Kind;
  ref: ObjectRef;
  subresource?: string | undefined;
  propose: (current: KubeObject) => Proposal;
};

/** Other clients may write while webhooks run: a request without a resourceVersion is retried on the current one. */
const attempts = 5;

export async function changeObject(cluster: Cluster, change: Change, request: WriteRequest): Promise<KubeObject> {
  const { kind, ref } = change;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const stored = cluster.store.get(kind.shelf, ref);
    if (stored === undefined) throw notFound(kind, ref.name);
    const current = kind.fromStored(stored);
    const next = await nextVersion(cluster, change, { current, request });
    if (request.dryRun || isSameJson(next, current)) return next;
    const written = write(cluster, kind, stored, next);
    if (written !== undefined) return written;
  }
  throw conflict(kind, ref.name);
}

async function nextVersion(
  cluster: Cluster,
  change: Change,
  { current, request }: { current: KubeObject; request: WriteRequest },
): Promise<KubeObject> {
  const { kind, subresource } = change;
  const proposal = change.propose(current);
  checkIdentity(kind, current, proposal.object);
  const completed = complete(kind, prepareChanged(kind, current, proposal.object, subresource), current);
  const changed = withGeneration(kind, current, completed);
  const admitted =
    subresource === undefined
      ? await admit(cluster, { kind, operation: 'UPDATE', object: changed, old: current }, request)
      : changed;
  checkObject(kind, admitted, current, subresource);
  const nowIso = isoSeconds(cluster.clock.nowMs());
  const after = { ...admitted, metadata: { ...admitted.metadata, ...sentManagedFields(proposal.object) } };
  const tracked = () =>
    trackUpdate({ before: current, after, manager: request.manager, subresource, topology: kind.topology, nowIso });
  return withManagedFields(admitted, proposal.managedFields ?? tracked());
}

/** A request may rewrite the managed fields: an empty entry clears them. */
const sentManagedFields = ({ metadata }: KubeObject): object =>
  'managedFields' in metadata ? { managedFields: metadata.managedFields } : {};

/** Replaces the whole object. Its UID must be the current one. */
export const replaceWith =
  (kind: Kind, object: KubeObject) =>
  (current: KubeObject): Proposal => {
    checkUid(kind, current, object.metadata.uid);
    return { object };
  };

function checkUid(kind: Kind, { metadata: current }: KubeObject, uid: string | undefined): void {
  if (!uid || uid === current.uid) return;
  const reason = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.uid ?? ''}`;
  const key = `/registry/${kind.entry.plural}/${current.namespace ?? ''}/${current.name}`;
  throw conflict(
    kind,
    current.name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${reason}`,
  );
}

function checkIdentity(kind: Kind, { metadata: current }: KubeObject, proposed: KubeObject): void {
  const { name, resourceVersion } = proposed.metadata;
  if (name !== current.name) {
    throw new StatusError(
      'BadRequest',
      `the name of the object (${name}) does not match the name on the URL (${current.name})`,
    );
  }
  checkScope(kind, proposed, current.namespace);
  if (resourceVersion && resourceVersion !== '0' && resourceVersion !== current.resourceVersion) {
    throw conflict(kind, name);
  }
}

/** Removing the last finalizer of an object that is being deleted deletes it. */
function write({ store }: Cluster, kind: Kind, stored: KubeObject, next: KubeObject): KubeObject | undefined {
  const isLast = isGone(next);
  const written = isLast
    ? store.remove(kind.shelf, stored, kind.toStored(next))
    : store.replace(kind.shelf, stored, kind.toStored(next));
  if (written === undefined) return undefined;
  return isLast ? next : kind.fromStored(written);
}

function isGone(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  return (
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    (object.kind !== 'Namespace' || textsAt(object, 'spec', 'finalizers').length === 0)
  );
}
