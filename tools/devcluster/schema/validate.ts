/** Validation of values against a schema, except for CEL rules. Order and wording are those of kube-openapi's validator. */
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from './field-error.ts';
import { isJsonObject, isSameJson, type JsonObject } from './json.ts';
import { regExp } from './pattern.ts';
import { fieldPath, fieldSchema, listMapKey, olderElement, type Schema } from './schema.ts';

/** `old` is the value that this one replaces, undefined if there was none. */
export type Place = { path: string; old?: unknown };

/** Returns what is wrong with a value. An unchanged part is not checked, so that a schema can become stricter (KEP-4008, ratcheting). */
export function validateValue(schema: Schema, value: unknown, place: Place): FieldError[] {
  if (place.old !== undefined && isSameJson(value, place.old)) return [];
  if (value === null && schema.nullable === true) return [];
  return [
    ...checkType(schema, value, place.path),
    ...(typeof value === 'string' ? checkString(schema, value, place.path) : []),
    ...(typeof value === 'number' ? checkNumber(schema, value, place.path) : []),
    ...(Array.isArray(value) ? checkList(schema, value, place) : []),
    ...checkEnum(schema, value, place.path),
    ...(isJsonObject(value) ? checkObject(schema, value, place) : []),
  ];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(schema: Schema, value: unknown, path: string): FieldError[] {
  const actual = typeName(value);
  const allowed = (schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : schema.type) ?? actual;
  const matches = allowed.split(',').includes(actual) || (allowed === 'number' && actual === 'integer');
  if (!matches) return [typeInvalid(path, actual, `${path} in body must be of type ${allowed}: "${actual}"`)];
  if (typeof value !== 'string' || schema.format !== 'date-time' || isDateTime(value)) return [];
  return [typeInvalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`)];
}

const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** `Date.parse` accepts the 30th of February. */
function isDateTime(text: string): boolean {
  if (!dateTime.test(text) || Number.isNaN(Date.parse(text))) return false;
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

function checkString({ maxLength, minLength, pattern }: Schema, value: string, path: string): FieldError[] {
  // Kubernetes counts code points, not UTF-16 units.
  const length = Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) return [tooLong(path, maxLength)];
  if (minLength !== undefined && length < minLength) {
    return [invalid(path, value, `${path} in body should be at least ${minLength} chars long`)];
  }
  if (pattern !== undefined && !regExp(pattern).test(value)) {
    return [invalid(path, value, `${path} in body should match '${pattern}'`)];
  }
  return [];
}

function checkNumber({ maximum = Infinity, minimum = -Infinity }: Schema, value: number, path: string): FieldError[] {
  if (value > maximum) return [invalid(path, value, `${path} in body should be less than or equal to ${maximum}`)];
  if (value < minimum) return [invalid(path, value, `${path} in body should be greater than or equal to ${minimum}`)];
  return [];
}

function checkEnum(schema: Schema, value: unknown, path: string): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((one) => isSameJson(one, value))) return [];
  return [notSupported(path, value, schema.enum)];
}

function checkList(schema: Schema, list: unknown[], { path, old }: Place): FieldError[] {
  const { items, maxItems, minItems } = schema;
  const errors: FieldError[] = [];
  if (minItems !== undefined && list.length < minItems) {
    errors.push(invalid(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(path, list.length, maxItems));
  if (items !== undefined) {
    for (const [index, item] of list.entries()) {
      errors.push(...validateValue(items, item, { path: `${path}[${index}]`, old: olderElement(schema, old, item) }));
    }
  }
  return [...errors, ...findDuplicates(schema, list, path)];
}

/** Repeated elements: by value in a set, by key in a map. */
function findDuplicates(schema: Schema, list: readonly unknown[], path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return [];
  const identities = list.map((item) => (listType === 'map' && isJsonObject(item) ? listMapKey(schema, item) : item));
  return identities.flatMap((identity, index) => {
    const isRepeated = identities.slice(0, index).some((earlier) => isSameJson(earlier, identity));
    return isRepeated ? [duplicate(`${path}[${index}]`, identity)] : [];
  });
}

function checkObject(schema: Schema, object: JsonObject, place: Place): FieldError[] {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const names = [...(schema.required ?? []), ...(isEmbedded ? ['apiVersion', 'kind'] : [])];
  const errors = names
    .filter((name) => !Object.hasOwn(object, name))
    .map((name) => required(fieldPath(place.path, name)));
  for (const [name, value] of Object.entries(object)) {
    const known = fieldSchema(schema, name);
    if (known === undefined) continue;
    const old = isJsonObject(place.old) ? place.old[name] : undefined;
    errors.push(...validateValue(known, value, { path: fieldPath(place.path, name), old }));
  }
  return errors;
}
