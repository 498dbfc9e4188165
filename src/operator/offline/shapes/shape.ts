/** Short forms of schemas, for kinds whose definitions are not in this repository. */
import type { Schema } from '../../../api/schema.ts';

export const text: Schema = { type: 'string' };
export const name: Schema = { type: 'string', minLength: 1 };
export const flag: Schema = { type: 'boolean' };
export const intOrText: Schema = { 'x-kubernetes-int-or-string': true };
export const anything: Schema = { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true };

export const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });
export const integer = (minimum?: number, maximum?: number): Schema => ({
  type: 'integer',
  ...(minimum !== undefined && { minimum }),
  ...(maximum !== undefined && { maximum }),
});
export const port = integer(1, 65_535);
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const textMap: Schema = { type: 'object', properties: {}, additionalProperties: text };
export const object = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});
