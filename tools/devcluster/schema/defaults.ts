/** Applies the defaults of a schema. */
import { copyJson, isJsonObject, mapValues } from './json.ts';
import { fieldSchema, type Schema } from './schema.ts';

/**
 * Returns a copy with defaults. A null that the schema does not allow counts as missing, as in Kubernetes: it is replaced by the default, or
 * removed.
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
