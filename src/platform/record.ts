/** Objects of parsed JSON. */

export type JsonRecord = Record<string, unknown>;

/** Whether the value is a JSON object: neither null nor an array. */
export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the value if it is a JSON object, otherwise an empty one, so that nested fields can be read. */
export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
