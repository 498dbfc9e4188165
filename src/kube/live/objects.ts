/** Reads and writes objects as plain JSON: no field is dropped. */
import { AppError } from '../../platform/errors.ts';
import type { KubeObject, ListOptions, ObjectReader, ObjectRef, ObjectWriter, Resource } from '../ports.ts';
import { collectionPath, listPath, objectPath, readList, readObject, selectorQuery, type ListPage } from './rest.ts';
import type { ApiRequest, Transport } from './transport.ts';

const pageSize = 500;
/** Selectors are evaluated over all objects of a kind, which takes time in a large cluster. */
const listTimeoutMs = 30_000;

const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const metadataWatch = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export const acceptWatch = (options: ListOptions): string =>
  options.metadataOnly === true ? metadataWatch : 'application/json';

/**
 * Removes empty labels, annotations and the like. A custom resource that is applied with them gets a new resourceVersion each time
 * although nothing changes, and each version triggers the reconciler that applies it.
 */
function withoutEmptyMetadata(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata };
  for (const field of ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const) {
    if (metadata[field] !== undefined && Object.keys(metadata[field]).length === 0) delete metadata[field];
  }
  return { ...object, metadata };
}

const hasCode = (error: unknown, code: AppError['code']): boolean => error instanceof AppError && error.code === code;

export function createReader(transport: Transport): Omit<ObjectReader, 'watch'> {
  async function get(resource: Resource, ref: ObjectRef): Promise<KubeObject | undefined> {
    try {
      return await transport.json({ method: 'GET', path: objectPath(resource, ref) }, (body) =>
        readObject(resource, body),
      );
    } catch (error) {
      if (hasCode(error, 'KUBERNETES_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async function page(resource: Resource, options: ListOptions, paging: Record<string, string>): Promise<ListPage> {
    const accept = options.metadataOnly === true ? metadataList : 'application/json';
    const query = { ...selectorQuery(options), ...paging };
    const path = listPath(resource, options.namespace);
    const request = { method: 'GET', path, query, accept, timeoutMs: listTimeoutMs } as const;
    return transport.json(request, (body) => readList(resource, body));
  }

  async function listPaged(
    resource: Resource,
    options: ListOptions,
  ): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    let current = await page(resource, options, { limit: String(pageSize) });
    const { resourceVersion, items } = current;
    while (current.continueToken !== '') {
      current = await page(resource, options, { limit: String(pageSize), continue: current.continueToken });
      items.push(...current.items);
    }
    return { items, resourceVersion };
  }

  async function list(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    try {
      return await listPaged(resource, options);
    } catch (error) {
      if (!hasCode(error, 'KUBERNETES_EXPIRED')) throw error;
      // The pages took longer than the server keeps a version; a list in one piece cannot expire.
      const { items, resourceVersion } = await page(resource, options, {});
      return { items, resourceVersion };
    }
  }

  return { get, list };
}

export function createWriter(
  transport: Transport,
  reader: Pick<ObjectReader, 'get'>,
  fieldManager: string,
): ObjectWriter {
  const write = (resource: Resource, request: ApiRequest) =>
    transport.json(request, (body) => readObject(resource, body));

  async function remove(resource: Resource, ref: ObjectRef, uid?: string): Promise<void> {
    const body = uid === undefined ? undefined : { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
    try {
      await transport.json({ method: 'DELETE', path: objectPath(resource, ref), body }, () => undefined);
    } catch (error) {
      if (hasCode(error, 'KUBERNETES_NOT_FOUND')) return;
      if (uid === undefined || !hasCode(error, 'KUBERNETES_CONFLICT')) throw error;
      // The UID did not match, or there was another conflict: the object is deleted if its name now has another UID or none.
      if ((await reader.get(resource, ref))?.metadata.uid === uid) throw error;
    }
  }

  /** Returns whether the name of the object now belongs to another object. */
  async function isRecreated(resource: Resource, { metadata }: KubeObject): Promise<boolean> {
    if (metadata.uid === undefined) return false;
    const current = await reader.get(resource, metadata);
    return current !== undefined && current.metadata.uid !== metadata.uid;
  }

  async function apply(
    resource: Resource,
    object: KubeObject,
    { force, subresource }: { force: 'true' | 'false'; subresource?: 'status' | undefined },
  ): Promise<KubeObject> {
    const path = objectPath(resource, object.metadata, subresource);
    // JSON is YAML; the media type is what makes it an apply.
    const contentType = 'application/apply-patch+yaml';
    const query = { fieldManager, force };
    try {
      return await write(resource, { method: 'PATCH', path, query, contentType, body: withoutEmptyMetadata(object) });
    } catch (error) {
      // The server responds with 409 if the object is missing, but 422 (metadata.uid is immutable) if it was recreated.
      if (!hasCode(error, 'KUBERNETES_INVALID') || !(await isRecreated(resource, object))) throw error;
      throw new AppError('KUBERNETES_CONFLICT', `PATCH ${path}: the object was recreated with another UID`, {
        source: 'kubernetes',
        retryable: true,
        cause: error,
      });
    }
  }

  return {
    apply: (resource, object, subresource) => apply(resource, object, { force: 'true', subresource }),
    applyUnforced: (resource, object) => apply(resource, object, { force: 'false' }),
    async create(resource, object) {
      const path = collectionPath(resource, object.metadata.namespace);
      return write(resource, { method: 'POST', path, query: { fieldManager }, body: object });
    },
    async update(resource, object) {
      const path = objectPath(resource, object.metadata);
      // Without a resourceVersion the server would replace any version.
      if (object.metadata.resourceVersion === undefined) {
        throw new AppError('KUBERNETES_CONFLICT', `PUT ${path}: no resourceVersion`, {
          source: 'kubernetes',
          retryable: false,
        });
      }
      return write(resource, { method: 'PUT', path, query: { fieldManager }, body: object });
    },
    delete: remove,
  };
}
