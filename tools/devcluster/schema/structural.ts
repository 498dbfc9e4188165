/** Refuses a schema that the devcluster would not enforce as a real API server does. Other mistakes in a CRD are left to a real one. */
import { type FieldError, forbidden, invalid, notSupported, required } from './field-error.ts';
import { regExp } from './pattern.ts';
import type { Schema } from './schema.ts';
import { type SchemaNode, walkSchema } from './walk.ts';

const keywords = new Set(
  `type format nullable default enum properties additionalProperties required items pattern minLength maxLength minimum maximum
  minItems maxItems description title example externalDocs x-kubernetes-int-or-string x-kubernetes-preserve-unknown-fields
  x-kubernetes-embedded-resource x-kubernetes-list-type x-kubernetes-list-map-keys x-kubernetes-map-type x-kubernetes-validations`.split(
    /\s+/,
  ),
);
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const listTypes = ['atomic', 'set', 'map'];

/** `at` is the place of the schema in its CRD: `spec.validation.openAPIV3Schema` if there is one version. */
export function findSchemaProblems(schema: Schema, at: string): FieldError[] {
  if (schema.type !== 'object') {
    return [
      schema.type === undefined
        ? required(`${at}.type`, 'must not be empty at the root')
        : invalid(`${at}.type`, schema.type, 'must be object at the root'),
    ];
  }
  return [...walkSchema(schema, at)].flatMap((node) => [
    ...checkKeywords(node),
    ...checkType(node),
    ...checkListType(node),
    ...checkPattern(node),
  ]);
}

function checkKeywords({ path, schema }: SchemaNode): FieldError[] {
  const errors = Object.keys(schema)
    .filter((keyword) => !keywords.has(keyword))
    .map((keyword) => forbidden(`${path}.${keyword}`, 'devcluster does not support this keyword'));
  const { format = 'date-time', type } = schema;
  if (type !== 'string' || format === 'date-time') return errors;
  return [...errors, forbidden(`${path}.format`, `devcluster does not check the format ${format}`)];
}

function checkType({ path, schema }: SchemaNode): FieldError[] {
  const { type } = schema;
  const isUntyped =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === undefined) {
    const place = path.endsWith('.items') ? 'array items' : 'object fields';
    return isUntyped ? [] : [required(`${path}.type`, `must not be empty for specified ${place}`)];
  }
  if (!types.includes(type)) return [notSupported(`${path}.type`, type, types)];
  return type === 'array' && schema.items === undefined ? [required(`${path}.items`, 'must be specified')] : [];
}

function checkListType({ path, schema }: SchemaNode): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== undefined && !listTypes.includes(listType)) {
    return [notSupported(`${path}.x-kubernetes-list-type`, listType, listTypes)];
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return listType === 'map' && keys.length === 0
    ? [required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map')]
    : [];
}

function checkPattern({ path, schema: { pattern } }: SchemaNode): FieldError[] {
  if (pattern === undefined) return [];
  try {
    regExp(pattern);
    return [];
  } catch (error) {
    return [invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${String(error)}`)];
  }
}
