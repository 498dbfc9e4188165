/** The CEL type of a schema, so that a rule that misuses a field is found when the CRD is made. */
import type { Environment } from '@marcbachmann/cel-js';
import { celNames, formatTypes } from './cel-values.ts';
import type { Schema } from './schema.ts';

/** Answers the name of the type of a schema; the types of objects are declared in `environment` as they are met. */
export function createTypeDeclarer(environment: Environment): (schema: Schema) => string {
  const declared = new Map<Schema, string>();

  const declareObject = (schema: Schema): string => {
    const typeName = `object.T${declared.size}`;
    declared.set(schema, typeName);
    const fields: Record<string, string> = {};
    if (schema['x-kubernetes-embedded-resource'] === true) {
      Object.assign(fields, { apiVersion: 'string', kind: 'string', metadata: typeOf(metadata) });
    }
    for (const [field, inner] of Object.entries(schema.properties ?? {})) {
      for (const name of celNames(field)) fields[name] ??= typeOf(inner);
    }
    environment.registerType(typeName, { fields });
    environment.registerOperator(`${typeName} == ${typeName}`, () => false);
    return typeName;
  };

  const typeOf = (schema: Schema): string => {
    const known = declared.get(schema);
    if (known !== undefined) return known;
    if (isUntyped(schema)) return 'dyn';
    switch (schema.type ?? '') {
      case 'array':
        return `list<${typeOf(schema.items ?? {})}>`;
      case 'object':
        return schema.properties === undefined ? mapType(schema.additionalProperties) : declareObject(schema);
      default:
        return scalarType(schema);
    }
  };
  const mapType = (values: Schema | boolean | undefined): string =>
    typeof values === 'object' ? `map<string, ${typeOf(values)}>` : 'dyn';
  return typeOf;
}

const scalarTypes: Record<string, string> = { boolean: 'bool', integer: 'int', number: 'double', string: 'string' };
const scalarType = ({ format = '', type = '' }: Schema): string =>
  (type === 'string' ? formatTypes[format] : undefined) ?? scalarTypes[type] ?? 'dyn';

const isUntyped = (schema: Schema): boolean =>
  schema['x-kubernetes-int-or-string'] === true ||
  schema['x-kubernetes-preserve-unknown-fields'] === true ||
  schema.nullable === true;

/** The part of the metadata that rules may read. */
const metadata: Schema = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } };
