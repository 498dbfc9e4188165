/** From parsed JSON to what we rely on of it. All other fields stay as they are. */
import type { KubeObject, ObjectMeta, Resource } from '../ports.ts';

export type JsonRecord = Record<string, unknown>;

const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isMetadata = (value: unknown): value is ObjectMeta => isRecord(value) && typeof value['name'] === 'string';

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

/**
 * An object of the kind. Items of a list have no kind, and metadata-only ones have that of their wrapper: all get their own.
 * A SyntaxError, as of JSON.parse, when it is no object.
 */
export function readObject(resource: Resource, value: unknown): KubeObject {
  const record = recordOf(value);
  const { metadata } = record;
  if (!isMetadata(metadata)) throw new SyntaxError(`no ${resource.kind} in the answer`);
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { ...record, metadata, apiVersion, kind: resource.kind };
}

export type ListPage = { items: KubeObject[]; resourceVersion: string; continueToken: string };

export function readList(resource: Resource, value: unknown): ListPage {
  const { items, metadata } = recordOf(value);
  const resourceVersion = stringOf(recordOf(metadata)['resourceVersion']);
  if (resourceVersion === undefined) throw new SyntaxError(`no list of ${resource.kind} in the answer`);
  const continueToken = stringOf(recordOf(metadata)['continue']) ?? '';
  // An empty list may be null.
  return {
    items: Array.isArray(items) ? items.map((item) => readObject(resource, item)) : [],
    resourceVersion,
    continueToken,
  };
}
