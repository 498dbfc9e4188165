/** A schema made ready: checked and compiled once, then asked for each object. */
import { applyDefaults } from './defaults.ts';
import { askRules, compileRules, type CompiledRules } from './cel-rules.ts';
import { type FieldError, invalid, required } from './field-error.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { pruneObject } from './prune.ts';
import { isSchema, type Schema } from './schema.ts';
import { findMetadataProblems, findSchemaProblems } from './structural.ts';
import { validateValue } from './validate.ts';

export type PreparedSchema = {
  readonly schema: Schema;
  /** A copy without the fields that the schema does not know. */
  prune(object: JsonObject): JsonObject;
  /** The paths of those fields: `spec.foo`. */
  unknownFields(object: JsonObject): string[];
  applyDefaults(object: JsonObject): JsonObject;
  /** What is wrong with an object that is pruned and has its defaults; `old` is the one that it replaces. */
  validate(object: JsonObject, old?: JsonObject): FieldError[];
};

export type Preparation = { ok: true; prepared: PreparedSchema } | { ok: false; problems: FieldError[] };

/** `standsAt` is the place in the CRD, for problems. Without one it may be the schema of a built-in kind, which also describes the metadata. */
export function prepareSchema(source: unknown, standsAt?: string): Preparation {
  const at = standsAt ?? 'spec.validation.openAPIV3Schema';
  if (!isSchema(source)) return { ok: false, problems: [required(at, 'schemas are required')] };
  const metadataProblems = standsAt === undefined ? [] : findMetadataProblems(source, standsAt);
  const schemaProblems = [...metadataProblems, ...findSchemaProblems(source, at)];
  if (schemaProblems.length > 0) return { ok: false, problems: schemaProblems };
  const schema: Schema = { ...source, 'x-kubernetes-embedded-resource': true };
  const { problems, rules } = compileRules(schema, at);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, prepared: prepared(schema, rules) };
}

function prepared(schema: Schema, rules: CompiledRules): PreparedSchema {
  const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
  return {
    schema,
    prune: (object) => asObject(pruneObject(schema, object).value),
    unknownFields: (object) => pruneObject(schema, object).unknownFields,
    applyDefaults: (object) => asObject(applyDefaults(schema, object)),
    validate: (object, old) => {
      const errors = validateValue(schema, object, { path: '', old });
      if (errors.some(isBlocking)) return [...errors, rulesNotAsked];
      return [...errors, ...askRules(rules, schema, object, { path: '', old })];
    },
  };
}

/** Where these are found, rules could only fail for want of a sound object, or cost too much. */
const isBlocking = ({ reason }: FieldError): boolean =>
  reason === 'FieldValueRequired' ||
  reason === 'FieldValueTooLong' ||
  reason === 'FieldValueTooMany' ||
  reason === 'FieldValueTypeInvalid' ||
  reason === 'FieldValueNotSupported';

const rulesNotAsked = invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);
