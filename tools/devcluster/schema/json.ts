/** JSON values whose shape is known only at run time. */

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns `object` with each of its values replaced; undefined removes the field. */
export function mapValues(object: JsonObject, change: (value: unknown, key: string) => unknown): JsonObject {
  const result: JsonObject = {};
  for (const key of Object.keys(object)) {
    const changed = change(object[key], key);
    if (changed !== undefined) result[key] = changed;
  }
  return result;
}

/** Whether two values are equal as JSON. (Node's `isDeepStrictEqual` also compares prototypes, which differ between realms.) */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSameJson(a[name], b[name]))
  );
}

/** Returns a deep copy that is not frozen. */
export function copyJson<T>(value: T): T;
export function copyJson(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, copyItem);
  return isJsonObject(value) ? mapValues(value, copyItem) : value;
}

const copyItem = (value: unknown): unknown => copyJson(value);
