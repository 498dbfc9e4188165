/** The defaults that the API server sets. */
import type { Schema } from './schema.ts';

/** An absent field gets its default, and then the fields below it get theirs. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (schema.type === 'array' && Array.isArray(value)) return value.map((item) => withDefaults(schema.items, item));
  if (schema.type !== 'object' || typeof value !== 'object' || value === null) return value;
  const filled = new Map<string, unknown>(Object.entries(value));
  for (const [name, child] of Object.entries(schema.properties)) {
    const present = filled.get(name) ?? child.default;
    if (present !== undefined) filled.set(name, withDefaults(child, present));
  }
  return Object.fromEntries(filled);
}
