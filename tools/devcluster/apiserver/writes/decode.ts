/** Decodes the body of a request into an object of a kind. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import { isJsonObject, type JsonObject, mapValues } from '../../schema/json.ts';
import { fieldPath, fieldSchema, type Schema } from '../../schema/schema.ts';
import { StatusError } from '../../status-error.ts';
import type { WriteRequest } from '../cluster.ts';
import { objectAt, textAt } from '../fields.ts';
import { apiVersionOf, type Kind, qualifiedKind } from '../kinds/kind.ts';
import { metadata as metadataSchema } from '../schemas/terms.ts';

/** Throws BadRequest if the body is not an object of the kind. Unknown fields are pruned and reported. */
export function decodeObject(
  kind: Kind,
  body: unknown,
  { fieldValidation, warn }: Pick<WriteRequest, 'fieldValidation' | 'warn'>,
): KubeObject {
  if (!isJsonObject(body)) throw notRecognized(kind, body);
  checkType(kind, body);
  const cleaned = kind.isCustom
    ? { ...body, metadata: withoutNulls(objectAt(body, 'metadata')) }
    : asJsonObject(withoutNulls(body));
  const schema: Schema = kind.isCustom
    ? { type: 'object', properties: { metadata: metadataSchema } }
    : kind.schema.schema;
  checkTypes(kind, schema, cleaned);
  const unknown = fieldValidation === 'Ignore' ? [] : kind.schema.unknownFields(cleaned);
  if (unknown.length > 0 && fieldValidation === 'Strict') {
    const list = unknown.map((field) => `unknown field "${field}"`).join(', ');
    throw cannotBeHandled(kind, body, `strict decoding error: ${list}`);
  }
  if (fieldValidation === 'Warn') for (const field of unknown) warn(`unknown field "${field}"`);
  const { entry } = kind;
  const pruned = kind.schema.prune(cleaned);
  const metadata = objectAt(pruned, 'metadata');
  return {
    ...pruned,
    apiVersion: apiVersionOf(entry),
    kind: entry.kind,
    metadata: { ...metadata, name: textAt(metadata, 'name') },
  };
}

const asJsonObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** Go's decoder ignores null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  return isJsonObject(value) ? mapValues(value, (part) => (part === null ? undefined : withoutNulls(part))) : value;
}

const unrecognized = ({ entry }: Kind): string =>
  `the object provided is unrecognized (must be of type ${entry.kind}): couldn't get version/kind`;

function notRecognized(kind: Kind, body: unknown): StatusError {
  const type = goTypeOf(body);
  return new StatusError(
    'BadRequest',
    `${unrecognized(kind)}; json parse error: json: cannot unmarshal ${type} into Go value of type struct`,
  );
}

function cannotBeHandled(kind: Kind, body: JsonObject, detail: string): StatusError {
  const name = textAt(body, 'kind') || kind.entry.kind;
  const version = (textAt(body, 'apiVersion') || apiVersionOf(kind.entry)).split('/').at(-1) ?? '';
  return new StatusError(
    'BadRequest',
    `${name} in version "${version}" cannot be handled as a ${kind.entry.kind}: ${detail}`,
  );
}

/** For built-in kinds both are optional. */
function checkType(kind: Kind, body: JsonObject): void {
  const { entry } = kind;
  const wanted = apiVersionOf(entry);
  const apiVersion = textAt(body, 'apiVersion') || (kind.isCustom ? '' : wanted);
  const name = textAt(body, 'kind') || (kind.isCustom ? '' : entry.kind);
  if (apiVersion === wanted && name === entry.kind) return;
  if (kind.isCustom) throw customMismatch(kind, { apiVersion, name, objectName: textAt(body, 'metadata', 'name') });
  const registered = `no kind "${name}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`;
  if (apiVersion !== wanted) throw cannotBeHandled(kind, body, registered);
  throw cannotBeHandled(kind, body, `converting (${entry.version}.${name}) to (${entry.kind}): unknown conversion`);
}

type Claim = { apiVersion: string; name: string; objectName: string };

function customMismatch(kind: Kind, { apiVersion, name, objectName }: Claim): StatusError {
  const { entry } = kind;
  const wanted = apiVersionOf(entry);
  if (apiVersion === '' || name === '') {
    const missing = name === '' ? 'Kind' : 'apiVersion';
    return new StatusError('BadRequest', `${unrecognized(kind)}; Object '${missing}' is missing`);
  }
  if (apiVersion !== wanted) {
    return new StatusError(
      'BadRequest',
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  return invalidObject(qualifiedKind(kind), objectName, [invalid('kind', name, `must be ${entry.kind}`)]);
}

function checkTypes(kind: Kind, schema: Schema, body: JsonObject): void {
  const mismatch = findMismatch(schema, body, '');
  if (mismatch !== undefined) throw cannotBeHandled(kind, body, mismatch);
}

/** Returns what is wrong with the first value that is not of the type of its field, in the words of Go's decoder. */
function findMismatch(schema: Schema, value: unknown, path: string): string | undefined {
  const own = describeMismatch(schema, value, path);
  if (own !== undefined) return own;
  const { items } = schema;
  if (Array.isArray(value)) {
    return items === undefined ? undefined : firstOf(value, (item) => findMismatch(items, item, path));
  }
  if (!isJsonObject(value)) return undefined;
  return firstOf(Object.entries(value), ([name, part]) => {
    const field = fieldSchema(schema, name);
    return field === undefined ? undefined : findMismatch(field, part, fieldPath(path, name));
  });
}

function firstOf<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined): Result | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const quantity = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

function describeMismatch(schema: Schema, value: unknown, path: string): string | undefined {
  const { type, format, nullable } = schema;
  if (nullable === true && value === null) return undefined;
  const ofFormat = formatMismatch(schema, value);
  if (ofFormat !== undefined || type === undefined || typeChecks[type]?.(value) !== false) return ofFormat;
  const wanted = format ?? (type === 'boolean' ? 'bool' : type);
  return `json: cannot unmarshal ${goTypeOf(value)} into Go struct field ${path} of type ${wanted}`;
}

function formatMismatch({ format }: Schema, value: unknown): string | undefined {
  if (format === 'quantity' && !quantity.test(String(value))) {
    return `quantities must match the regular expression '${quantity.source}'`;
  }
  if (format !== 'date-time' || typeof value !== 'string' || !Number.isNaN(Date.parse(value))) return undefined;
  // Go describes a format by how it writes one certain time.
  return `parsing time "${value}" as "2006-01-02T15:04:05Z07:00": cannot parse "${value}" as "2006"`;
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const typeChecks: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  array: (value) => Array.isArray(value),
  object: isJsonObject,
};
