/** From the body of a request to an object of a kind: its type, its fields, its unknown fields. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { isQuantity } from '../../schema/quantity.ts';
import { fieldSchema, type Schema } from '../../schema/schema.ts';
import { StatusError } from '../../status-error.ts';
import type { WriteRequest } from '../cluster.ts';
import { objectAt, textAt } from '../fields.ts';
import { apiVersionOf, type Kind, qualifiedKind } from '../kinds/kind.ts';
import { metadata as metadataSchema } from '../schemas/terms.ts';

/** Throws BadRequest where the body is not an object of the kind. What the kind does not know is pruned, and told. */
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
  const unknown = kind.schema.unknownFields(cleaned);
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

/** Go leaves out what is null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== null)
      .map(([name, part]) => [name, withoutNulls(part)]),
  );
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

function cannotBeHandled(kind: Kind, body: JsonObject, why: string): StatusError {
  const name = textAt(body, 'kind') || kind.entry.kind;
  const version = (textAt(body, 'apiVersion') || apiVersionOf(kind.entry)).split('/').at(-1) ?? '';
  return new StatusError(
    'BadRequest',
    `${name} in version "${version}" cannot be handled as a ${kind.entry.kind}: ${why}`,
  );
}

/** Built-in kinds may leave both out. */
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

type Mismatch = { path: readonly string[]; found: unknown; wanted: string };

function checkTypes(kind: Kind, schema: Schema, body: JsonObject): void {
  const mismatch = findMismatch(schema, body, []);
  if (mismatch === undefined) return;
  const { path, found, wanted } = mismatch;
  if (wanted === quantityType) throw cannotBeHandled(kind, body, quantityForm);
  if (wanted === timeType) {
    throw cannotBeHandled(
      kind,
      body,
      `parsing time "${String(found)}" as "${timeForm}": cannot parse "${String(found)}" as "2006"`,
    );
  }
  const field = `${structOf(kind.entry.kind, path)}.${path.join('.')}`;
  const type = wanted === structType ? `${kind.entry.version}.${structOf(kind.entry.kind, [...path, ''])}` : wanted;
  throw cannotBeHandled(
    kind,
    body,
    `json: cannot unmarshal ${goTypeOf(found)} into Go struct field ${field} of type ${type}`,
  );
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The Go type around a field, by the habits of the Kubernetes API. */
function structOf(kind: string, path: readonly string[]): string {
  const parent = path.at(-2);
  if (parent === undefined) return kind;
  if (parent === 'metadata' || path[0] === 'metadata') return 'ObjectMeta';
  if (parent === 'containers' || parent === 'initContainers') return 'Container';
  if (parent === 'spec' && path.includes('template')) return 'PodSpec';
  const name = parent.charAt(0).toUpperCase() + parent.slice(1);
  return path.length === 2 ? `${kind}${name}` : name;
}

function findMismatch(schema: Schema, value: unknown, path: readonly string[]): Mismatch | undefined {
  const wanted = scalarMismatch(schema, value);
  if (wanted !== undefined) return { path, found: value, wanted };
  const { items } = schema;
  if (Array.isArray(value)) {
    return items === undefined ? undefined : firstOf(value, (item) => findMismatch(items, item, path));
  }
  if (!isJsonObject(value)) return undefined;
  const isMap = schema.properties === undefined;
  return firstOf(Object.entries(value), ([name, part]) => {
    const field = fieldSchema(schema, name);
    return field === undefined ? undefined : findMismatch(field, part, isMap ? path : [...path, name]);
  });
}

function firstOf<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined): Result | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Stand for Go types whose names depend on the place. */
const structType = 'struct';
const quantityType = 'quantity';
const timeType = 'time';
/** Go describes a form by how it writes one certain moment. */
const timeForm = '2006-01-02T15:04:05Z07:00';
const quantityForm = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** The Go type that the value is not of. */
function scalarMismatch({ type, format, nullable }: Schema, value: unknown): string | undefined {
  if (nullable === true && value === null) return undefined;
  if (format === 'quantity') return isAmount(value) ? undefined : quantityType;
  if (format === 'date-time' && isNoTime(value)) return timeType;
  if (type === undefined) return undefined;
  const isOfType = typeChecks[type];
  if (isOfType === undefined || isOfType(value)) return undefined;
  return type === 'integer' ? (format ?? 'int64') : goTypes[type];
}

const isAmount = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && isQuantity(value));
const isNoTime = (value: unknown): boolean => typeof value === 'string' && Number.isNaN(Date.parse(value));

const typeChecks: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  array: (value) => Array.isArray(value),
  object: isJsonObject,
};
const goTypes: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  array: '[]struct',
  object: structType,
};
