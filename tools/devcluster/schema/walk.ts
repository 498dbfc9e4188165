/** Every schema inside of a schema, with its place in the CRD. */
import { isSchema, type Schema } from './schema.ts';

/** `list` is the nearest enclosing list whose elements have no identity: values inside of it have no old value. */
export type SchemaNode = { schema: Schema; path: string; list: string | undefined };

export function* walkSchema(schema: Schema, path: string, list?: string): Generator<SchemaNode> {
  // A value that is not a schema is refused when the CRD is decoded.
  if (!isSchema(schema)) return;
  yield { schema, path, list };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    yield* walkSchema(inner, `${path}.properties[${name}]`, list);
  }
  if (typeof schema.additionalProperties === 'object') {
    yield* walkSchema(schema.additionalProperties, `${path}.additionalProperties`, list);
  }
  if (schema.items !== undefined) {
    yield* walkSchema(
      schema.items,
      `${path}.items`,
      list ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : path),
    );
  }
}
