/** Creation: decode → prepare → defaults → admission → validation → store. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { trackUpdate } from '../../patch/managed-fields.ts';
import type { ManagedFieldsEntry } from '../../patch/managed-fields.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, isoSeconds, type WriteRequest } from '../cluster.ts';
import { detailsOf, type Kind, qualifiedPlural } from '../kinds/kind.ts';
import { admit } from './admission.ts';
import { withServiceAddress } from './service-address.ts';
import { applyDefaults, checkObject, complete, prepareNew, withManagedFields } from './prepare.ts';

/** `managedFields` is present if the object comes from a server-side apply. */
export type Creation = {
  kind: Kind;
  namespace: string | undefined;
  object: KubeObject;
  managedFields?: readonly ManagedFieldsEntry[];
};

const namespacesShelf = '/namespaces';

export async function createObject(cluster: Cluster, creation: Creation, request: WriteRequest): Promise<KubeObject> {
  const { kind, namespace, object } = creation;
  checkScope(kind, object, namespace);
  const resourceVersion = object.metadata.resourceVersion ?? '';
  if (resourceVersion !== '' && resourceVersion !== '0') {
    throw new StatusError('InternalError', 'resourceVersion should not be set on objects to be created');
  }
  if (kind.entry.namespaced && cluster.checksNamespaces) {
    checkNamespace(cluster, kind, { namespace: namespace ?? '', name: object.metadata.name });
  }

  const nowIso = isoSeconds(cluster.clock.nowMs());
  const fresh = applyDefaults(kind, prepareNew(kind, object, { namespace, nowIso }));
  // As in the API server, no manager owns the fields that admission adds.
  const managedFields =
    creation.managedFields ??
    trackUpdate({ before: undefined, after: fresh, manager: request.manager, topology: kind.topology, nowIso });
  const admitted = await admit(
    cluster,
    { kind, operation: 'CREATE', object: complete(kind, fresh), old: undefined },
    request,
  );
  checkObject(kind, admitted, undefined);
  const final = withServiceAddress(cluster, kind, withManagedFields(admitted, managedFields));
  if (cluster.store.get(kind.shelf, final.metadata) !== undefined) throw alreadyExists(cluster, kind, final.metadata);
  if (request.dryRun) return final;
  const stored = cluster.store.add(kind.shelf, kind.toStored(final));
  if (stored === undefined) throw alreadyExists(cluster, kind, final.metadata);
  return kind.fromStored(stored);
}

function alreadyExists({ store }: Cluster, kind: Kind, ref: ObjectRef): StatusError {
  const isEnding = store.get(kind.shelf, ref)?.metadata.deletionTimestamp !== undefined;
  const message = `${isEnding ? 'object is being deleted: ' : ''}${qualifiedPlural(kind)} "${ref.name}" already exists`;
  return new StatusError('AlreadyExists', message, detailsOf(kind, ref.name));
}

/** The namespace of an object is optional, but must be that of the request. */
export function checkScope(kind: Kind, { metadata }: KubeObject, namespace: string | undefined): void {
  if (!metadata.namespace || metadata.namespace === namespace) return;
  const other = 'the namespace of the provided object does not match the namespace sent on the request';
  throw new StatusError(
    'BadRequest',
    kind.entry.namespaced ? other : 'namespace should not be set on a cluster-scoped object',
  );
}

function checkNamespace(
  { store }: Cluster,
  kind: Kind,
  { namespace, name }: { namespace: string; name: string },
): void {
  const found = store.get(namespacesShelf, { name: namespace });
  if (found === undefined) {
    throw new StatusError('NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' });
  }
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `namespace ${namespace} is being terminated`;
  throw new StatusError(
    'Forbidden',
    `${qualifiedPlural(kind)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    { ...detailsOf(kind, name), causes: [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }] },
  );
}
