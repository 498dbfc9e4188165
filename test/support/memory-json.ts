/** Objects as they are after a way over the wire. */

/** JSON there and back: fields that are undefined are gone. (structuredClone would give objects of another realm under Jest.) */
export const clone = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

/** Equal as JSON, whatever the order of fields. */
export const sameJson = (a: unknown, b: unknown): boolean =>
  JSON.stringify(a, sortFields) === JSON.stringify(b, sortFields);

function sortFields(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
