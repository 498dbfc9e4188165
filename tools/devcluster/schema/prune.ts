/** Removes, or lists, the fields that a schema does not declare. */
import { copyJson, isJsonObject, type JsonObject, mapValues } from './json.ts';
import { fieldPath, fieldSchema, type Schema } from './schema.ts';

/** `metav1.ObjectMeta`. */
const metadataFields = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]);
const objectFields = new Set(['apiVersion', 'kind', 'metadata']);

type Pruned = { value: unknown; unknownFields: string[] };

/** Returns a copy of an object without the fields that its schema (an embedded resource) does not declare, and their paths. */
export function pruneObject(schema: Schema, object: JsonObject): Pruned {
  const unknownFields: string[] = [];
  const value = prune(schema, object, '', unknownFields);
  // The server reports unknown fields of the metadata first.
  const order = (field: string): string => (field.startsWith('metadata.') ? '0' : '1') + field;
  return { value, unknownFields: unknownFields.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)) };
}

function prune(schema: Schema, value: unknown, path: string, unknownFields: string[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? copyJson(value)
      : value.map((item, index) => prune(items, item, `${path}[${index}]`, unknownFields));
  }
  if (!isJsonObject(value)) return value;
  const isObject = schema['x-kubernetes-embedded-resource'] === true;
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
  return mapValues(value, (inner, name) => {
    const at = fieldPath(path, name);
    if (isObject && objectFields.has(name)) {
      return name === 'metadata' ? pruneMetadata(inner, at, unknownFields) : inner;
    }
    const known = fieldSchema(schema, name);
    if (known !== undefined) return prune(known, inner, at, unknownFields);
    if (keepsUnknown) return copyJson(inner);
    unknownFields.push(at);
    return undefined;
  });
}

function pruneMetadata(metadata: unknown, path: string, unknownFields: string[]): unknown {
  if (!isJsonObject(metadata)) return metadata;
  return mapValues(metadata, (value, name) => {
    // Metadata is a Go type: empty fields are omitted.
    if (metadataFields.has(name)) return isEmpty(value) ? undefined : copyJson(value);
    unknownFields.push(`${path}.${name}`);
    return undefined;
  });
}

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);
