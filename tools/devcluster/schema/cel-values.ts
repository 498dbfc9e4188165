/** JSON as CEL sees it through a schema: integers, timestamps, durations and bytes are types of their own. */
import { celEnvironment } from './cel-library.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { fieldSchema, type Schema } from './schema.ts';

const parseWithCel = celEnvironment.clone().registerVariable('text', 'string');
const formats = {
  byte: parseWithCel.parse('bytes(text)'),
  date: parseWithCel.parse('timestamp(text + "T00:00:00Z")'),
  'date-time': parseWithCel.parse('timestamp(text)'),
  duration: parseWithCel.parse('duration(text)'),
};

/** The CEL types of the string formats that are more than texts there. */
export const formatTypes: Record<string, string> = {
  byte: 'bytes',
  date: 'google.protobuf.Timestamp',
  'date-time': 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

const hasFormat = (format: string | undefined): format is keyof typeof formats =>
  format !== undefined && Object.hasOwn(formats, format);

export function toCelValue(schema: Schema | undefined, value: unknown): unknown {
  // The CEL library tells types by constructors: `map` would take that of the list, which may be of another realm.
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => toCelValue(schema?.items, item));
  if (isJsonObject(value)) return toCelObject(schema, value);
  if (typeof value === 'number') return schema?.type !== 'number' && Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string' && hasFormat(schema?.format)) return parseFormat(schema.format, value);
  return value;
}

/** A text that the format allows and CEL cannot read (`3 days`) stays one: the rule that needs more of it fails, and says so. */
function parseFormat(format: keyof typeof formats, text: string): unknown {
  try {
    return formats[format]({ text });
  } catch {
    return text;
  }
}

function toCelObject(schema: Schema | undefined, object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const isDeclared = schema?.properties !== undefined && Object.hasOwn(schema.properties, name);
    const converted = toCelValue(schema && fieldSchema(schema, name), value);
    for (const celName of isDeclared ? celNames(name) : [name]) result[celName] = converted;
  }
  return result;
}

const keywords = new Set(['true', 'false', 'null', 'in']);
const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const escapes: Record<string, string> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** What a field is called in rules: `x-y` is `x__dash__y`, and a reserved word that is no keyword goes by two names. */
export function celNames(name: string): string[] {
  if (keywords.has(name)) return [`__${name}__`];
  if (reserved.has(name)) return [name, `__${name}__`];
  return [name.replaceAll(/__|[.\-/]/g, (found) => escapes[found] ?? found)];
}
