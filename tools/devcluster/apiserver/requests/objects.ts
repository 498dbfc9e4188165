/** Requests for objects: maps method and path to an operation. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { isJsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, notFound, type WriteRequest } from '../cluster.ts';
import type { User } from '../tokens.ts';
import type { Kind } from '../kinds/kind.ts';
import { qualifiedPlural } from '../kinds/kind.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import { viewList, viewObject, type View } from '../output/table.ts';
import { bindPod } from '../subresources/binding.ts';
import { requestToken, review } from '../subresources/reviews.ts';
import { changeScale, getScale, patchedScale, type ScaleTarget } from '../subresources/scale.ts';
import { createObject } from '../writes/create.ts';
import { decodeObject } from '../writes/decode.ts';
import { deleteObject, deletionResponse } from '../writes/delete.ts';
import { applyObject, patchObject, patchTypes, type PatchType } from '../writes/patch.ts';
import { changeObject, replaceWith } from '../writes/update.ts';
import { type ApiResponse, created, type Document, ok, success } from './response.ts';
import { mediaType, readObject, readOptions, readPatch, unsupportedType } from './body.ts';
import { listObjects } from './list.ts';
import { negotiate } from './negotiation.ts';
import { readDeletion, readForce, readListOptions, readWriteRequest } from './options.ts';
import type { ApiRequest } from './request.ts';
import type { ResourceTarget } from './routes.ts';
import { openWatch } from './watch.ts';

type Call = { cluster: Cluster; target: ResourceTarget; ref: ObjectRef; request: ApiRequest; user: User };

const methodNotAllowed = (): StatusError =>
  new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource');

export async function serveObjects(
  cluster: Cluster,
  target: ResourceTarget,
  { request, user }: { request: ApiRequest; user: User },
): Promise<ApiResponse> {
  const { name, namespace } = target;
  const ref = { name: name ?? '', ...(namespace !== undefined && { namespace }) };
  const call = { cluster, target, ref, request, user };
  if (name === undefined) return serveCollection(call);
  if (target.subresource === 'scale') return serveScale(call);
  return target.subresource === undefined || target.subresource === 'status' || target.subresource === 'finalize'
    ? serveOne(call)
    : serveAction(call);
}

function serveCollection(call: Call): Promise<ApiResponse> | ApiResponse {
  const { request, target } = call;
  const { entry } = target.kind;
  if (request.method === 'GET' && entry.verbs.includes('list')) return serveList(call);
  if (entry.namespaced && target.namespace === undefined) throw methodNotAllowed();
  if (request.method === 'POST' && entry.verbs.includes('create')) return serveCreate(call);
  if (request.method === 'DELETE' && entry.verbs.includes('deletecollection')) return serveDeleteCollection(call);
  throw methodNotAllowed();
}

function serveOne(call: Call): Promise<Document> | Document {
  const { request, target } = call;
  const { method } = request;
  const isSubresource = target.subresource !== undefined;
  if (!target.kind.entry.verbs.includes('get')) throw methodNotAllowed();
  if (method === 'GET') return serveGet(call);
  if (method === 'PUT') return serveUpdate(call);
  if (method === 'PATCH') return servePatch(call);
  if (method === 'DELETE' && !isSubresource) return serveDelete(call);
  throw methodNotAllowed();
}

const viewOf = ({ request, cluster }: Call): View => ({
  wanted: negotiate(request.headers.accept),
  nowMs: cluster.clock.nowMs(),
  includeObject: request.query.get('includeObject') ?? 'Metadata',
});

function writeRequest({ request, user }: Call, options: string): WriteRequest {
  const { query, headers, warn } = request;
  return readWriteRequest(query, options, { user, userAgent: headers['user-agent'] ?? '', warn });
}

const stored = (kind: Kind, object: KubeObject): KubeObject => kind.toStored(object);

function serveGet(call: Call): Document {
  const { cluster, target, ref } = call;
  const object = cluster.store.get(target.kind.shelf, ref);
  if (object === undefined) throw notFound(target.kind, ref.name);
  return ok(viewObject(target.kind, object, viewOf(call)));
}

function serveList(call: Call): ApiResponse {
  const { cluster, target, request } = call;
  const { kind, namespace } = target;
  const options = readListOptions(request.query);
  const view = viewOf(call);
  if (options.isWatch) return openWatch(cluster, { kind, namespace, options, view });
  const { items, resourceVersion } = listObjects(cluster, kind, namespace, options);
  return ok(viewList(kind, items, { resourceVersion: String(resourceVersion) }, view));
}

async function serveCreate(call: Call): Promise<Document> {
  const { cluster, target, request } = call;
  const { kind, namespace } = target;
  const write = writeRequest(call, 'CreateOptions');
  const body = await readObject(request, kind);
  if (!kind.entry.verbs.includes('get')) {
    return created(review(cluster, kind, isJsonObject(body) ? body : {}));
  }
  const object = decodeObject(kind, body, write);
  const result = await createObject(cluster, { kind, namespace, object }, write);
  return created(viewObject(kind, stored(kind, result), viewOf(call)));
}

async function serveUpdate(call: Call): Promise<Document> {
  const { cluster, target, request, ref } = call;
  const { kind, subresource } = target;
  const write = writeRequest(call, 'UpdateOptions');
  const object = decodeObject(kind, await readObject(request, kind), write);
  if (kind.isCustom && !object.metadata.resourceVersion) {
    const error = invalid('metadata.resourceVersion', 0, 'must be specified for an update');
    if (cluster.store.get(kind.shelf, ref) === undefined) throw notFound(kind, ref.name);
    throw invalidObject(qualifiedPlural(kind), ref.name, [error]);
  }
  if (kind.createsOnUpdate && subresource === undefined && cluster.store.get(kind.shelf, ref) === undefined) {
    const fresh = await createObject(cluster, { kind, namespace: target.namespace, object }, write);
    return created(viewObject(kind, stored(kind, fresh), viewOf(call)));
  }
  const propose = replaceWith(kind, object);
  const result = await changeObject(
    cluster,
    { kind, ref, subresource: subresource === 'finalize' ? undefined : subresource, propose },
    write,
  );
  return ok(viewObject(kind, stored(kind, result), viewOf(call)));
}

function readPatchType({ request, target }: Call): PatchType {
  const type = patchTypes.find((one) => one === mediaType(request));
  if (type !== undefined) return type;
  throw target.kind.isCustom
    ? unsupportedType(patchTypes)
    : new StatusError('UnsupportedMediaType', '415: Unsupported Media Type');
}

async function servePatch(call: Call): Promise<Document> {
  const { cluster, target, request, ref } = call;
  const { kind, subresource } = target;
  const type = readPatchType(call);
  const force = readForce(request.query, type === 'application/apply-patch+yaml');
  const write = writeRequest(call, 'PatchOptions');
  const body = await readPatch(request);
  if (type === 'application/apply-patch+yaml') {
    const { object, isCreated } = await applyObject(cluster, { kind, ref, subresource, body, force }, write);
    const view = viewObject(kind, stored(kind, object), viewOf(call));
    return isCreated ? created(view) : ok(view);
  }
  const result = await patchObject(cluster, { kind, ref, subresource, type, body }, write);
  return ok(viewObject(kind, stored(kind, result), viewOf(call)));
}

async function serveDelete(call: Call): Promise<Document> {
  const { cluster, target, request, ref } = call;
  const { deletion, isDryRun } = readDeletion(request.query, await readOptions(request));
  const write = { ...writeRequest(call, 'DeleteOptions'), dryRun: isDryRun };
  const deleted = await deleteObject(cluster, { kind: target.kind, ref }, deletion, write);
  return ok(deletionResponse(target.kind, deleted));
}

async function serveDeleteCollection(call: Call): Promise<Document> {
  const { cluster, target, request } = call;
  const { kind, namespace } = target;
  const options = readListOptions(request.query);
  const { deletion, isDryRun } = readDeletion(request.query, await readOptions(request));
  const page = listObjects(cluster, kind, namespace, options);
  const write = { ...writeRequest(call, 'DeleteOptions'), dryRun: isDryRun };
  for (const { metadata } of page.items) await deleteObject(cluster, { kind, ref: metadata }, deletion, write);
  return ok(viewList(kind, page.items, { resourceVersion: String(page.resourceVersion) }, viewOf(call)));
}

async function serveScale(call: Call): Promise<Document> {
  const { cluster, target, request, ref } = call;
  const { kind } = target;
  if (kind.scale === undefined) throw methodNotAllowed();
  const scaled: ScaleTarget = { kind, paths: kind.scale, ref };
  if (request.method === 'GET') return ok(getScale(cluster, scaled));
  if (request.method === 'PUT') {
    const body = await readOptions(request);
    return ok(await changeScale(cluster, scaled, () => body, writeRequest(call, 'UpdateOptions')));
  }
  if (request.method !== 'PATCH') throw methodNotAllowed();
  const type = readPatchType(call);
  const body = await readPatch(request);
  // Applying a Scale sets its replicas, as a merge patch does.
  const mergeType = type === 'application/apply-patch+yaml' ? 'application/merge-patch+json' : type;
  return ok(
    await changeScale(cluster, scaled, patchedScale({ type: mergeType, body }), writeRequest(call, 'PatchOptions')),
  );
}

/** Subresources that only accept POST. */
async function serveAction(call: Call): Promise<Document> {
  const { cluster, target, request, ref } = call;
  const { kind, subresource } = target;
  if (request.method !== 'POST') throw methodNotAllowed();
  const body = (await readOptions(request)) ?? {};
  if (subresource === 'token') return created(requestToken(cluster, { kind, ref }, body));
  const write = writeRequest(call, 'CreateOptions');
  await bindPod(cluster, { kind, ref }, body, write);
  return success;
}
