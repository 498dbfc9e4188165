/** Filling in the defaults of a schema. */
import { copyJson, isJsonObject, mapValues } from './json.ts';
import { fieldSchema, type Schema } from './schema.ts';

/**
 * A copy with defaults. A null where the schema does not allow one counts as missing, as in Kubernetes: it becomes the
 * default, or goes.
 */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => applyDefaults(items, item));
  }
  if (!isJsonObject(value)) return value;
  const result = mapValues(value, (inner, name) => {
    const known = fieldSchema(schema, name);
    if (known === undefined) return inner;
    return inner === null && known.nullable !== true ? undefined : applyDefaults(known, inner);
  });
  for (const [name, known] of Object.entries(schema.properties ?? {})) {
    if (known.default !== undefined && !Object.hasOwn(result, name)) {
      result[name] = applyDefaults(known, copyJson(known.default));
    }
  }
  return result;
}
