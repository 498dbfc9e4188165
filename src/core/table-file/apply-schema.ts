/** Checks a value by its schema, and fills in the defaults, as the API server does with the objects of Kubernetes. */
import { isRecord } from '../../platform/record.ts';
import type { Infer, Schema } from '../../api/schema.ts';
import { patternOf, ruleHolds } from './rules.ts';

/** Names and indexes from the root. */
export type Path = readonly (string | number)[];

/** `message`: what is wrong, and what to do. `of`: whether it is about the name of the field or its value. */
export type Problem = { path: Path; message: string; of?: 'Name' };

/** Returns the value with its defaults, or every problem. */
export function applySchema<S extends Schema>(schema: S, raw: unknown): { value: Infer<S> } | { problems: Problem[] } {
  const problems: Problem[] = [];
  const isAsSchema = (candidate: unknown): candidate is Infer<S> => candidate !== undefined && problems.length === 0;
  const value = read(schema, raw, { path: [], problems });
  return isAsSchema(value) ? { value } : { problems };
}

type Reading = { path: Path; problems: Problem[] };

const below = ({ path, problems }: Reading, step: string | number): Reading => ({ path: [...path, step], problems });

function read(schema: Schema, raw: unknown, reading: Reading): unknown {
  const before = reading.problems.length;
  const value = readByType(schema, raw, reading);
  // A rule is about values of the right types.
  if (reading.problems.length === before) addBrokenRules(schema, value, reading);
  return value;
}

function readByType(schema: Schema, raw: unknown, reading: Reading): unknown {
  if (schema.type === 'object') return readObject(schema, raw, reading);
  if (schema.type === 'array') return readList(schema, raw, reading);
  const message = findDefect(schema, raw);
  if (message !== undefined) reading.problems.push({ path: reading.path, message });
  return raw;
}

function readObject(schema: Extract<Schema, { type: 'object' }>, raw: unknown, reading: Reading): unknown {
  if (!isRecord(raw)) {
    reading.problems.push({ path: reading.path, message: `${quote(raw)} must be an object, with ${fieldsOf(schema)}` });
    return raw;
  }
  const value: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(schema.properties)) {
    const own = raw[name] ?? structuredClone(child.default);
    if (own !== undefined) value[name] = read(child, own, below(reading, name));
    else if (schema.required?.includes(name)) {
      reading.problems.push({ path: reading.path, message: `${name} is missing${inBrackets(child)}: add it` });
    }
  }
  for (const [name, item] of Object.entries(raw)) {
    if (Object.hasOwn(schema.properties, name)) continue;
    if (schema.additionalProperties) value[name] = read(schema.additionalProperties, item, below(reading, name));
    else {
      const message = `is not a field: remove it, or use one of ${Object.keys(schema.properties).join(', ')}`;
      reading.problems.push({ path: [...reading.path, name], of: 'Name', message });
    }
  }
  return value;
}

const fieldsOf = ({ properties, additionalProperties }: Extract<Schema, { type: 'object' }>): string =>
  additionalProperties ? 'names of your own' : `fields such as ${Object.keys(properties).slice(0, 3).join(', ')}`;

const inBrackets = ({ description }: Schema): string =>
  description === undefined ? '' : ` (${description.replace(/[.]$/, '')})`;

function readList(schema: Extract<Schema, { type: 'array' }>, raw: unknown, reading: Reading): unknown {
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (!Array.isArray(raw)) {
    reading.problems.push({ path: reading.path, message: `${quote(raw)} must be a list: begin each entry with "- "` });
    return raw;
  }
  if (raw.length < minItems || raw.length > maxItems) {
    const wanted = raw.length < minItems ? `at least ${minItems}` : `at most ${maxItems}`;
    reading.problems.push({ path: reading.path, message: `has ${raw.length} entries: it needs ${wanted}` });
  }
  return raw.map((item: unknown, at) => read(items, item, below(reading, at)));
}

/** Returns what is wrong with a value that is no list and no object. */
function findDefect(schema: Schema, raw: unknown): string | undefined {
  if (schema.type === 'integer') return findNumberDefect(schema, raw);
  if (schema.type === 'boolean') return typeof raw === 'boolean' ? undefined : `${quote(raw)} must be true or false`;
  if (schema.type !== 'string') return undefined;
  return typeof raw === 'string' ? findTextDefect(schema, raw) : `${quote(raw)} must be a text: put it in quotes`;
}

type TextSchema = Extract<Schema, { type: 'string' }>;

function findTextDefect(schema: TextSchema, text: string): string | undefined {
  const { enum: words, minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
  if (words && !words.includes(text)) return `${quote(text)} must be one of ${words.join(', ')}`;
  if (text.length < minLength || text.length > maxLength) return `must have ${minLength} to ${maxLength} characters`;
  return pattern === undefined || new RegExp(pattern, 'u').test(text)
    ? undefined
    : `${quote(text)} does not match ${pattern}${inBrackets(schema)}: change it`;
}

function findNumberDefect(
  { minimum = 0, maximum = 2 ** 31 - 1 }: { minimum?: number; maximum?: number },
  raw: unknown,
) {
  const isFine = Number.isInteger(raw) && Number(raw) >= minimum && Number(raw) <= maximum;
  return isFine ? undefined : `${quote(raw)} must be a whole number from ${minimum} to ${maximum}`;
}

function addBrokenRules(schema: Schema, value: unknown, { path, problems }: Reading): void {
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    if (ruleHolds(rule, value)) continue;
    const steps = rule.fieldPath?.split('.').filter(Boolean) ?? [];
    const shown = patternOf(rule) === undefined ? '' : `${quote(value)} `;
    problems.push({ path: [...path, ...steps], message: shown + rule.message });
  }
}

const quote = (raw: unknown): string => {
  if (raw === null || raw === undefined) return 'it is empty and';
  return typeof raw === 'object'
    ? Array.isArray(raw)
      ? 'a list is here: it'
      : 'an object is here: it'
    : JSON.stringify(raw);
};
