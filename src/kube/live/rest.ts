/** The REST format of the Kubernetes API: paths and queries of requests, objects and lists in responses. */
import { AppError } from '../../platform/errors.ts';
import { isRecord, recordOf } from '../../platform/record.ts';
import type { KubeObject, ListOptions, ObjectMeta, ObjectRef, Resource } from '../ports.ts';

function basePath(resource: Resource): string {
  return resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
}

/** An empty name, or dots that a URL resolves, would turn the deletion of one object into the deletion of the collection. */
function segment(resource: Resource, what: 'name' | 'namespace', value: string | undefined): string {
  if (value !== undefined && !['', '.', '..'].includes(value)) return encodeURIComponent(value);
  throw new AppError('INTERNAL', `${resource.kind} needs a ${what}`, { source: 'internal', retryable: false });
}

/** Returns the path of all objects of the kind, by default in all namespaces. */
export const listPath = (resource: Resource, namespace?: string): string =>
  namespace === undefined ? `${basePath(resource)}/${resource.plural}` : collectionPath(resource, namespace);

/** Returns the path to which a new object of the kind is posted. */
export function collectionPath(resource: Resource, namespace: string | undefined): string {
  if (!resource.namespaced) return listPath(resource);
  return `${basePath(resource)}/namespaces/${segment(resource, 'namespace', namespace)}/${resource.plural}`;
}

export function objectPath(resource: Resource, ref: ObjectRef, subresource?: string): string {
  const path = `${collectionPath(resource, ref.namespace)}/${segment(resource, 'name', ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function selectorQuery(options: ListOptions): Record<string, string> {
  return {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

const isMetadata = (value: unknown): value is ObjectMeta => isRecord(value) && typeof value['name'] === 'string';

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Returns an object of the kind. Items of a list have no kind, and metadata-only ones have that of their wrapper: all get their own.
 * Throws SyntaxError, as JSON.parse does, when the value is not an object of Kubernetes.
 */
export function readObject(resource: Resource, value: unknown): KubeObject {
  const record = recordOf(value);
  const { metadata } = record;
  if (!isMetadata(metadata)) throw new SyntaxError(`the response is not a ${resource.kind}`);
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { ...record, metadata, apiVersion, kind: resource.kind };
}

export type ListPage = { items: KubeObject[]; resourceVersion: string; continueToken: string };

export function readList(resource: Resource, value: unknown): ListPage {
  const { items, metadata } = recordOf(value);
  const resourceVersion = stringOf(recordOf(metadata)['resourceVersion']);
  if (resourceVersion === undefined) throw new SyntaxError(`the response is not a list of ${resource.kind}`);
  const continueToken = stringOf(recordOf(metadata)['continue']) ?? '';
  // An empty list may be null.
  return {
    items: Array.isArray(items) ? items.map((item) => readObject(resource, item)) : [],
    resourceVersion,
    continueToken,
  };
}
