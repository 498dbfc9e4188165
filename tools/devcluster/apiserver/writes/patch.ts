/** JSON patch, merge patch and server-side apply. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { applyJsonPatch } from '../../patch/json-patch.ts';
import { applyMergePatch } from '../../patch/merge-patch.ts';
import { serverSideApply } from '../../patch/server-side-apply.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, conflict, isoSeconds, type WriteRequest } from '../cluster.ts';
import { textAt, valueAt, withValue } from '../fields.ts';
import { apiVersionOf, hasSubresource, type Kind, qualifiedKind } from '../kinds/kind.ts';
import { createObject } from './create.ts';
import { decodeObject } from './decode.ts';
import { changeObject, type Proposal } from './update.ts';

export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
] as const;
export type PatchType = (typeof patchTypes)[number];

export type Patch = {
  kind: Kind;
  ref: ObjectRef;
  subresource?: string | undefined;
  type: Exclude<PatchType, 'application/apply-patch+yaml'>;
  body: unknown;
};

export function patchObject(cluster: Cluster, patch: Patch, request: WriteRequest): Promise<KubeObject> {
  const propose = (current: KubeObject): Proposal => ({ object: decodePatched(current, patch, request) });
  return changeObject(cluster, { ...patch, propose }, request);
}

/** If the result of a patch cannot be decoded, the patch is invalid; it is not a bad request. */
function decodePatched(current: KubeObject, patch: Patch, request: WriteRequest): KubeObject {
  const result = patched(current, patch);
  try {
    return decodeObject(patch.kind, result, request);
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'BadRequest') throw error;
    throw invalidObject(qualifiedKind(patch.kind), patch.ref.name, [
      invalid('patch', JSON.stringify(patch.body), error.message),
    ]);
  }
}

export function patched(object: JsonObject, { type, body }: Pick<Patch, 'type' | 'body'>): JsonObject {
  if (type === 'application/json-patch+json') return applyJsonPatch(object, body);
  if (!isJsonObject(body)) {
    throw new StatusError(
      'BadRequest',
      'error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}',
    );
  }
  return applyMergePatch(object, body);
}

export type ApplyRequest = {
  kind: Kind;
  ref: ObjectRef;
  subresource?: string | undefined;
  body: unknown;
  force: boolean;
};

/** Server-side apply; `isCreated` decides between the statuses 201 and 200. */
export async function applyObject(
  cluster: Cluster,
  apply: ApplyRequest,
  request: WriteRequest,
): Promise<{ object: KubeObject; isCreated: boolean }> {
  const { kind, ref, subresource } = apply;
  const applied = readApplied(apply, request);
  const live = cluster.store.get(kind.shelf, ref);
  if (live === undefined && subresource === undefined) {
    const { object, managedFields } = merged(cluster, undefined, { ...apply, applied, manager: request.manager });
    if (applied.metadata.uid) {
      throw conflict(
        kind,
        ref.name,
        `uid mismatch: the provided object specified uid ${applied.metadata.uid}, and no existing object was found`,
      );
    }
    const creation = { kind, namespace: ref.namespace, object, ...(managedFields && { managedFields }) };
    return { object: await createObject(cluster, creation, request), isCreated: true };
  }
  const propose = (current: KubeObject): Proposal =>
    merged(cluster, current, { ...apply, applied, manager: request.manager });
  return { object: await changeObject(cluster, { kind, ref, subresource, propose }, request), isCreated: false };
}

function readApplied({ kind, ref, subresource, body }: ApplyRequest, request: WriteRequest): KubeObject {
  if (Array.isArray(valueAt(body, 'metadata', 'managedFields'))) {
    throw new StatusError('BadRequest', 'metadata.managedFields must be nil');
  }
  const name = textAt(body, 'metadata', 'name');
  if (name === '') {
    throw new StatusError(
      'BadRequest',
      `the name of the object (${ref.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (name !== ref.name) {
    throw new StatusError(
      'BadRequest',
      `the name of the object (${name}) does not match the name on the URL (${ref.name})`,
    );
  }
  const unknown = kind.isCustom || !isJsonObject(body) ? [] : kind.schema.unknownFields(body);
  if (unknown[0] !== undefined) {
    const where = `${ref.namespace ?? ''}/${name}; ${apiVersionOf(kind.entry)}, Kind=${kind.entry.kind}`;
    throw new StatusError(
      'InternalError',
      `failed to create typed patch object (${where}): .${unknown[0]}: field not declared in schema`,
    );
  }
  const decoded = decodeObject(kind, body, kind.isCustom ? request : { ...request, fieldValidation: 'Ignore' });
  if (subresource === 'status') {
    return {
      apiVersion: decoded.apiVersion,
      kind: decoded.kind,
      metadata: metadataToApply(decoded),
      status: decoded['status'],
    };
  }
  const { apiVersion, kind: kindName, metadata } = decoded;
  return hasSubresource(kind, 'status')
    ? { ...withValue(decoded, ['status'], undefined), apiVersion, kind: kindName, metadata }
    : decoded;
}

/** An apply of the status owns no metadata. */
const metadataToApply = ({
  metadata: { name, namespace, resourceVersion, uid },
}: KubeObject): KubeObject['metadata'] => ({
  name,
  ...(namespace && { namespace }),
  ...(resourceVersion && { resourceVersion }),
  ...(uid && { uid }),
});

type Merge = Pick<ApplyRequest, 'kind' | 'subresource' | 'force'> & { applied: KubeObject; manager: string };

function merged(
  cluster: Cluster,
  live: KubeObject | undefined,
  { kind, subresource, force, applied, manager }: Merge,
): Proposal {
  const nowIso = isoSeconds(cluster.clock.nowMs());
  const result = serverSideApply({ live, applied, manager, force, subresource, topology: kind.topology, nowIso });
  if (result.outcome === 'conflict') throw new StatusError('Conflict', result.message, { causes: result.causes });
  if (result.outcome === 'invalid') throw new StatusError('InternalError', result.message);
  return { object: result.object, managedFields: result.managedFields };
}
