/** What keeps a schema from being structural, in the words of the API server's validation of CRDs. */
import { type FieldError, forbidden, invalid, notSupported, required } from './field-error.ts';
import { regExp } from './pattern.ts';
import { pruneValue } from './prune.ts';
import type { Schema } from './schema.ts';
import { validateValue } from './validate.ts';
import { type SchemaNode, walkSchema } from './walk.ts';

const listTypes = ['atomic', 'set', 'map'];
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** `at` is where the schema stands in its CRD: `spec.validation.openAPIV3Schema` where there is one version. */
export function findSchemaProblems(schema: Schema, at: string): FieldError[] {
  if (schema.type !== 'object') {
    const field = `${at}.type`;
    return [
      schema.type === undefined
        ? required(field, 'must not be empty at the root')
        : invalid(field, schema.type, 'must be object at the root'),
    ];
  }
  return [...walkSchema(schema, at)].flatMap((node) => [
    ...checkType(node),
    ...checkForbidden(node),
    ...checkFields(node),
    ...checkListType(node),
    ...checkPattern(node),
    ...checkDefault(node),
    ...checkAlternatives(node),
  ]);
}

/** The API server has a schema of its own for the metadata of custom objects; a CRD may only hold their names to more. */
export function findMetadataProblems(root: Schema, at: string): FieldError[] {
  const { properties = {}, ...rest } = root.properties?.['metadata'] ?? {};
  const isKnown = Object.keys(rest).every((name) => name === 'type' || name === 'default');
  if (isKnown && Object.keys(properties).every((name) => name === 'name' || name === 'generateName')) return [];
  const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  return [forbidden(`${at}.properties[metadata]`, detail)];
}

function checkType({ path, schema }: SchemaNode): FieldError[] {
  const { type } = schema;
  const isUntyped =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === undefined) {
    if (isUntyped || schema.$ref !== undefined) return [];
    return [
      required(
        `${path}.type`,
        `must not be empty for specified ${path.endsWith('.items') ? 'array items' : 'object fields'}`,
      ),
    ];
  }
  if (!types.includes(type)) return [notSupported(`${path}.type`, type, types)];
  return type === 'array' && schema.items === undefined ? [required(`${path}.items`, 'must be specified')] : [];
}

function checkForbidden({ path, schema }: SchemaNode): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.$ref !== undefined) errors.push(forbidden(`${path}.$ref`, '$ref is not supported'));
  if (schema.uniqueItems === true) {
    errors.push(
      forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  }
  if (schema.properties !== undefined && schema.additionalProperties !== undefined) {
    errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  return errors;
}

function checkFields({ path, schema }: SchemaNode): FieldError[] {
  const preserves = schema['x-kubernetes-preserve-unknown-fields'];
  const errors: FieldError[] = [];
  if (preserves === false) {
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  }
  if (schema['x-kubernetes-embedded-resource'] === true && preserves !== true && schema.properties === undefined) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(required(`${path}.properties`, detail));
  }
  return errors;
}

function checkListType({ path, schema }: SchemaNode): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const { items } = schema;
  if (listType !== undefined && !listTypes.includes(listType)) {
    return [notSupported(`${path}.x-kubernetes-list-type`, listType, listTypes)];
  }
  if (listType === 'set' && items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    return [invalid(`${path}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, detail)];
  }
  if (listType !== 'map') return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length === 0) {
    return [required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map')];
  }
  return keys.flatMap((key) => {
    const property = items?.properties?.[key];
    if (property === undefined) {
      return [invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties')];
    }
    if (property.default !== undefined || items?.required?.includes(key) === true) return [];
    const detail =
      'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
    return [required(`${path}.items.properties[${key}].default`, detail)];
  });
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

function checkDefault({ path, schema }: SchemaNode): FieldError[] {
  if (schema.default === undefined) return [];
  const field = `${path}.default`;
  if (pruneValue(schema, schema.default).unknownFields.length > 0) {
    return [invalid(field, schema.default, 'must not have unknown fields')];
  }
  return validateValue(schema, schema.default, { path: '' }).map((error) => ({
    ...error,
    field: error.field === '' ? field : `${field}.${error.field}`,
  }));
}

/** Alternatives may only say more about values: what fields there are, and of which type, must stand outside of them. */
function checkAlternatives({ path, schema }: SchemaNode): FieldError[] {
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  return (['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
    (schema[name] ?? []).flatMap((alternative, index) =>
      [...walkSchema(alternative, `${path}.${name}[${index}]`)].flatMap((node) =>
        node.schema.type === undefined || isIntOrString
          ? []
          : [forbidden(`${node.path}.type`, 'must be empty to be structural')],
      ),
    ),
  );
}
