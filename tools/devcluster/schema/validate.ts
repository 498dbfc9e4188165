/** Value validation: everything of a structural schema but CEL. Order and words are those of kube-openapi's validator. */
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from './field-error.ts';
import { matchesFormat } from './formats.ts';
import { isJsonObject, isSameJson, type JsonObject } from './json.ts';
import { findDuplicates } from './list-items.ts';
import { regExp } from './pattern.ts';
import { fieldPath, fieldSchema, olderElement, type Schema } from './schema.ts';

/** `old` is the value that this one replaces, undefined where there was none. */
export type Place = { path: string; old?: unknown };

/**
 * What is wrong with a value. A part that did not change since the older object is not looked at, so that a schema can
 * get stricter (KEP-4008, ratcheting).
 */
export function validateValue(schema: Schema, value: unknown, place: Place): FieldError[] {
  if (place.old !== undefined && isSameJson(value, place.old)) return [];
  if (value === null && schema.nullable === true) return [];
  return [
    ...checkType(schema, value, place.path),
    ...checkCombinations(schema, value, place),
    ...checkScalar(schema, value, place.path),
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
  const { format } = schema;
  if (typeof value !== 'string' || format === undefined || matchesFormat(format, value)) return [];
  return [typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`)];
}

function checkCombinations(schema: Schema, value: unknown, place: Place): FieldError[] {
  const run = (alternatives: Schema[] | undefined): FieldError[][] =>
    (alternatives ?? []).map((one) => validateValue(one, value, place));
  const composite = (detail: string): FieldError => invalid('<nil>', '', `"${place.path}" ${detail}`);
  const errors: FieldError[] = [];

  const anyOf = run(schema.anyOf);
  if (anyOf.length > 0 && anyOf.every((one) => one.length > 0)) {
    errors.push(composite('must validate at least one schema (anyOf)'), ...firstOf(anyOf));
  }

  const oneOf = run(schema.oneOf);
  const valid = oneOf.filter((one) => one.length === 0).length;
  const oneOfProblem = 'must validate one and only one schema (oneOf).';
  if (oneOf.length > 0 && valid === 0) errors.push(composite(`${oneOfProblem} Found none valid`), ...firstOf(oneOf));
  if (valid > 1) errors.push(composite(`${oneOfProblem} Found ${valid} valid alternatives`));

  const allOf = run(schema.allOf);
  errors.push(...allOf.flat());
  if (allOf.some((one) => one.length > 0)) {
    const none = allOf.every((one) => one.length > 0) ? '. None validated' : '';
    errors.push(composite(`must validate all the schemas (allOf)${none}`));
  }

  if (schema.not !== undefined && validateValue(schema.not, value, place).length === 0) {
    errors.push(composite('must not validate the schema (not)'));
  }
  return errors;
}

/** What is told of the alternatives is what the first lacks, most often as in Kubernetes. */
const firstOf = (results: FieldError[][]): FieldError[] => results[0] ?? [];

function checkScalar(schema: Schema, value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') return checkString(schema, value, path);
  return typeof value === 'number' ? checkNumber(schema, value, path) : [];
}

function checkString(schema: Schema, value: string, path: string): FieldError[] {
  const { maxLength, minLength, pattern } = schema;
  // Code points, not UTF-16 units, are what Kubernetes counts.
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

function checkNumber(schema: Schema, value: number, path: string): FieldError[] {
  const { maximum, minimum, multipleOf } = schema;
  const details: string[] = [];
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) details.push(`a multiple of ${multipleOf}`);
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum === true && value >= maximum) details.push(`less than ${maximum}`);
    else if (value > maximum) details.push(`less than or equal to ${maximum}`);
  }
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum === true && value <= minimum) details.push(`greater than ${minimum}`);
    else if (value < minimum) details.push(`greater than or equal to ${minimum}`);
  }
  return details.map((detail) => invalid(path, value, `${path} in body should be ${detail}`));
}

function checkEnum(schema: Schema, value: unknown, path: string): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((one) => isSameJson(one, value))) return [];
  return [notSupported(path, value, schema.enum)];
}

function checkList(schema: Schema, list: unknown[], place: Place): FieldError[] {
  const { path } = place;
  const { items, maxItems, minItems } = schema;
  const errors: FieldError[] = [];
  if (minItems !== undefined && list.length < minItems) {
    errors.push(invalid(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(path, list.length, maxItems));
  if (items !== undefined) {
    for (const [index, item] of list.entries()) {
      errors.push(
        ...validateValue(items, item, { path: `${path}[${index}]`, old: olderElement(schema, place.old, item) }),
      );
    }
  }
  return [...errors, ...findDuplicates(schema, list, path)];
}

function checkObject(schema: Schema, object: JsonObject, place: Place): FieldError[] {
  const errors = checkSize(schema, object, place.path);
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  for (const name of [...(schema.required ?? []), ...(isEmbedded ? ['apiVersion', 'kind'] : [])]) {
    if (!Object.hasOwn(object, name)) errors.push(required(fieldPath(place.path, name)));
  }
  for (const [name, value] of Object.entries(object)) {
    const known = fieldSchema(schema, name);
    if (known === undefined) continue;
    const old = isJsonObject(place.old) ? place.old[name] : undefined;
    errors.push(...validateValue(known, value, { path: fieldPath(place.path, name), old }));
  }
  return errors;
}

function checkSize(schema: Schema, object: JsonObject, path: string): FieldError[] {
  const { maxProperties, minProperties } = schema;
  const size = Object.keys(object).length;
  if (minProperties !== undefined && size < minProperties) {
    return [invalid(path, size, `${path} in body should have at least ${minProperties} properties`)];
  }
  return maxProperties !== undefined && size > maxProperties ? [tooMany(path, size, maxProperties)] : [];
}
