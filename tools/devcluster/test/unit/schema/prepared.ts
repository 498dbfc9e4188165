import { type Preparation, prepareSchema, type PreparedSchema } from '../../../schema/prepare.ts';
import { invalidObject } from '../../../schema/field-error.ts';
import type { JsonObject } from '../../../schema/json.ts';
import type { Schema } from '../../../schema/schema.ts';

/** Prepares the schema of a custom resource whose spec has this schema. */
export const prepareSpec = (spec: unknown): Preparation => prepareSchema({ type: 'object', properties: { spec } });

export function preparedSpec(spec: Schema): PreparedSchema {
  const preparation = prepareSpec(spec);
  if (!preparation.ok) throw new Error(JSON.stringify(preparation.problems));
  return preparation.prepared;
}

export const widget = (spec: unknown, name = 'x'): JsonObject => ({
  apiVersion: 'shop.example/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
});

/** Returns the object as it would be stored. */
export const admit = (schema: PreparedSchema, object: JsonObject): JsonObject =>
  schema.applyDefaults(schema.prune(object));

/** Returns the error for an object, without the part that all messages share; `ok` if it is accepted. */
export function verdict(schema: PreparedSchema, object: JsonObject, old?: JsonObject): string {
  const errors = schema.validate(admit(schema, object), old);
  if (errors.length === 0) return 'ok';
  return invalidObject('Widget.shop.example', 'x', errors).message.replace('Widget.shop.example "x" is invalid: ', '');
}

export const notChecked =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
