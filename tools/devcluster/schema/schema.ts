/** Structural schemas: the part of OpenAPI v3 that a CustomResourceDefinition may use, as JSON. */
import { isJsonObject, isSameJson, type JsonObject } from './json.ts';

/** One entry of `x-kubernetes-validations`. */
export type ValidationRule = { rule: string; message?: string; fieldPath?: string };

/** Other keywords are refused: see `structural.ts`. */
export type Schema = {
  type?: string;
  format?: string;
  description?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  items?: Schema;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'granular' | 'atomic';
  'x-kubernetes-validations'?: ValidationRule[];
};

/** The boundary at which JSON gets its type; `findSchemaProblems` checks its contents. */
export function isSchema(value: unknown): value is Schema {
  return isJsonObject(value);
}

/** Returns the schema of one field of an object, undefined for a field that the schema does not declare. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  const declared = schema.properties;
  if (declared !== undefined && Object.hasOwn(declared, name)) return declared[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** Returns the values of the keys of an element of a list of type map, including defaults. */
export function listMapKey(list: Schema, element: JsonObject): JsonObject {
  const key: JsonObject = {};
  for (const name of list['x-kubernetes-list-map-keys'] ?? []) {
    const value = element[name] ?? list.items?.properties?.[name]?.default;
    if (value !== undefined) key[name] = value;
  }
  return key;
}

/** Returns the element of the older list that `element` is a new version of. Only elements of lists of type map have identities. */
export function olderElement(list: Schema, old: unknown, element: unknown): unknown {
  if (list['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old) || !isJsonObject(element)) return undefined;
  const key = listMapKey(list, element);
  return old.find((one) => isJsonObject(one) && isSameJson(listMapKey(list, one), key));
}

/** `spec.ports[0]`: the path of an error, as Kubernetes writes it. */
export const fieldPath = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`);
