/** Reading fields of objects whose shape is known only at run time. */
import { isJsonObject, type JsonObject } from '../schema/json.ts';

export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    object,
  );
}

/** Empty if there is none. */
export function objectAt(object: unknown, ...path: readonly string[]): JsonObject {
  const value = valueAt(object, ...path);
  return isJsonObject(value) ? value : {};
}

function listAt(object: unknown, ...path: readonly string[]): unknown[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? value : [];
}

export const objectsAt = (object: unknown, ...path: readonly string[]): JsonObject[] =>
  listAt(object, ...path).filter(isJsonObject);
export const textsAt = (object: unknown, ...path: readonly string[]): string[] =>
  listAt(object, ...path).filter((one) => typeof one === 'string');

export function textAt(object: unknown, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : '';
}

export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : undefined;
}

/** Returns a copy with another value at the path, or without the field if the value is undefined. Missing objects on the path are created. */
export function withValue(object: JsonObject, path: readonly string[], value: unknown): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined) return object;
  const next = rest.length > 0 ? withValue(objectAt(object, name), rest, value) : value;
  if (next !== undefined) return { ...object, [name]: next };
  const { [name]: _, ...others } = object;
  return others;
}
