/** A schema that is checked and compiled once, and then used for each object. */
import { applyDefaults } from './defaults.ts';
import { checkRules, compileRules, type CompiledRules } from './cel-rules.ts';
import { type FieldError, invalid, required } from './field-error.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { pruneObject } from './prune.ts';
import { isSchema, type Schema } from './schema.ts';
import { findSchemaProblems } from './structural.ts';
import { validateValue } from './validate.ts';

export type PreparedSchema = {
  readonly schema: Schema;
  /** Returns a copy without the fields that the schema does not declare. */
  prune(object: JsonObject): JsonObject;
  /** Returns the paths of those fields: `spec.foo`. */
  unknownFields(object: JsonObject): string[];
  applyDefaults(object: JsonObject): JsonObject;
  /** Returns what is wrong with a pruned object with defaults; `old` is the one that it replaces. */
  validate(object: JsonObject, old?: JsonObject): FieldError[];
};

export type Preparation = { ok: true; prepared: PreparedSchema } | { ok: false; problems: FieldError[] };

/** `at` is the place in the CRD, for problems. */
export function prepareSchema(source: unknown, at = 'spec.validation.openAPIV3Schema'): Preparation {
  if (!isSchema(source)) return { ok: false, problems: [required(at, 'schemas are required')] };
  const schemaProblems = findSchemaProblems(source, at);
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
      if (errors.some(isBlocking)) return [...errors, rulesNotChecked];
      return [...errors, ...checkRules(rules, schema, object, { path: '', old })];
    },
  };
}

/** With one of these errors, rules would only fail because the object is invalid, or cost too much. */
const isBlocking = ({ reason }: FieldError): boolean =>
  reason === 'FieldValueRequired' ||
  reason === 'FieldValueTooLong' ||
  reason === 'FieldValueTooMany' ||
  reason === 'FieldValueTypeInvalid' ||
  reason === 'FieldValueNotSupported';

const rulesNotChecked = invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);
