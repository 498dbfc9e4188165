/** The check of a value against a schema: types, required fields, enumerations, patterns and bounds. */
import type { Schema } from '../../../api/schema.ts';
import { isRecord } from '../../../platform/record.ts';

/** Returns a sentence without a full stop for each defect, which begins with the path of the field. */
export function findDefects(schema: Schema, value: unknown, path: string): string[] {
  const found = typeOf(value);
  const expected = schema.type ?? 'integer or string';
  if (!isOfType(schema, found)) return [`${path}: must be ${articles[expected]}, and is ${describe(value, found)}`];
  if (Array.isArray(value)) return checkList(schema, value, path);
  if (isRecord(value)) return checkObject(schema, value, path);
  const defect = typeof value === 'string' ? checkText(schema, value) : checkNumber(schema, value);
  return defect === undefined ? [] : [`${path}: ${defect}, and is ${describe(value, found)}`];
}

const articles = {
  string: 'a string',
  integer: 'an integer',
  'integer or string': 'an integer or a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
} as const;

type Found = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null';

function typeOf(value: unknown): Found {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'string') return 'string';
  return typeof value === 'boolean' ? 'boolean' : 'object';
}

const isOfType = ({ type }: Schema, found: Found): boolean =>
  type === undefined ? found === 'integer' || found === 'string' : type === found;

const longestValue = 60;

function describe(value: unknown, found: Found): string {
  if (found === 'array') return 'a list';
  if (found === 'object') return 'an object';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, longestValue) : (value ?? null));
}

function checkList(schema: Schema, values: readonly unknown[], path: string): string[] {
  if (schema.type !== 'array') return [];
  const { items, minItems = 0, maxItems = Infinity } = schema;
  const { length } = values;
  return [
    ...(length < minItems ? [`${path}: must have at least ${minItems} items, and has ${length}`] : []),
    ...(length > maxItems ? [`${path}: must have at most ${maxItems} items, and has ${length}`] : []),
    ...values.flatMap((value, at) => findDefects(items, value, `${path}[${at}]`)),
  ];
}

/** A field without a value counts as absent, as in an object that a client in Go has written. */
function checkObject(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): string[] {
  if (schema.type !== 'object') return [];
  const { properties, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => value[name] === undefined || value[name] === null);
  return [
    ...missing.map((name) => `${path}.${name}: is required`),
    ...Object.entries(value).flatMap(([name, child]) => {
      const known = properties[name] ?? additionalProperties;
      return known === undefined || child === undefined || child === null
        ? []
        : findDefects(known, child, `${path}.${name}`);
    }),
  ];
}

function checkText(schema: Schema, value: string): string | undefined {
  if (schema.type !== 'string') return undefined;
  const { enum: allowed, minLength = 0, maxLength = Infinity, pattern } = schema;
  if (allowed !== undefined && !allowed.includes(value)) return `must be ${orList(allowed)}`;
  // Kubernetes counts code points.
  const { length } = Array.from(value);
  if (length < minLength) return `must have at least ${minLength} ${minLength === 1 ? 'character' : 'characters'}`;
  if (length > maxLength) return `must have at most ${maxLength} characters`;
  return pattern === undefined || new RegExp(pattern, 'u').test(value) ? undefined : `must match ${pattern}`;
}

const orList = (values: readonly string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

function checkNumber(schema: Schema, value: unknown): string | undefined {
  if (schema.type !== 'integer' || typeof value !== 'number') return undefined;
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value < minimum) return `must be at least ${minimum}`;
  return value > maximum ? `must be at most ${maximum}` : undefined;
}
