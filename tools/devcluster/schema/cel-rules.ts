/** `x-kubernetes-validations`: compiling the rules of a schema, and asking them. */
import { EvaluationError, Optional, type Environment, type ParseResult } from '@marcbachmann/cel-js';
import { withOwnNames } from './cel-replacements.ts';
import { celEnvironment } from './cel-library.ts';
import { createTypeDeclarer } from './cel-types.ts';
import { toCelValue } from './cel-values.ts';
import { isTransitionRule, ruleProblems, type RuleScope } from './cel-problems.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from './field-error.ts';
import { isJsonObject, isSameJson } from './json.ts';
import { fieldPath, fieldSchema, olderElement, type Schema, type ValidationRule } from './schema.ts';
import { type SchemaNode, walkSchema } from './walk.ts';
import type { Place } from './validate.ts';

type CompiledRule = {
  rule: ValidationRule;
  isTransition: boolean;
  holds: ParseResult;
  message: ParseResult | undefined;
};
export type CompiledRules = ReadonlyMap<Schema, readonly CompiledRule[]>;

const untyped = celEnvironment.clone().registerVariable('self', 'dyn');
const evaluation = untyped.clone().registerVariable('oldSelf', 'dyn');
const optionalEvaluation = untyped.clone().registerVariable('oldSelf', 'optional<dyn>');

/** All rules of a schema, or what is wrong with them. `at` is where the schema stands in its CRD. */
export function compileRules(root: Schema, at: string): { rules: CompiledRules; problems: FieldError[] } {
  const typed = celEnvironment.clone();
  const declareType = createTypeDeclarer(typed);
  const nodes = [...walkSchema(root, at)].filter((node) => node.schema['x-kubernetes-validations'] !== undefined);
  // All types first: no more can be declared in an environment that has been cloned.
  const typedNodes = nodes.map((node) => ({ node, type: declareType(node.schema) }));
  const rules = new Map<Schema, CompiledRule[]>();
  const problems: FieldError[] = [];
  for (const { node, type } of typedNodes) {
    const declared = node.schema['x-kubernetes-validations'] ?? [];
    const scope = scopeOf(typed, type, node);
    const found = declared.flatMap((rule, index) =>
      ruleProblems(rule, scope, `${node.path}.x-kubernetes-validations[${index}]`),
    );
    problems.push(...found);
    if (found.length === 0) {
      rules.set(
        node.schema,
        declared.map((rule) => compileRule(rule, scope)),
      );
    }
  }
  return { rules, problems };
}

function scopeOf(typed: Environment, type: string, node: SchemaNode): RuleScope {
  const selfOnly = typed.clone().registerVariable('self', type);
  return {
    node,
    selfOnly,
    withOldSelf: selfOnly.clone().registerVariable('oldSelf', type),
    withOptionalOldSelf: selfOnly.clone().registerVariable('oldSelf', `optional<${type}>`),
  };
}

function compileRule(rule: ValidationRule, scope: RuleScope): CompiledRule {
  const { messageExpression } = rule;
  const environment = rule.optionalOldSelf === true ? optionalEvaluation : evaluation;
  return {
    rule,
    isTransition: isTransitionRule(rule, scope),
    holds: environment.parse(withOwnNames(rule.rule)),
    message:
      messageExpression === undefined || messageExpression === ''
        ? undefined
        : environment.parse(withOwnNames(messageExpression)),
  };
}

/** The rules that a value and what is inside of it break. */
export function askRules(rules: CompiledRules, schema: Schema, value: unknown, place: Place): FieldError[] {
  if (rules.size === 0 || value === null || value === undefined) return [];
  const own = rules.get(schema);
  const errors = own === undefined ? [] : askNode(own, schema, value, place);
  if (Array.isArray(value)) {
    return [...errors, ...value.flatMap((item, index) => askItem(rules, schema, item, { index, place }))];
  }
  if (!isJsonObject(value)) return errors;
  for (const [name, inner] of Object.entries(value)) {
    const known = fieldSchema(schema, name);
    if (known === undefined) continue;
    const old = isJsonObject(place.old) ? place.old[name] : undefined;
    const path = schema.properties === undefined ? `${place.path}[${name}]` : fieldPath(place.path, name);
    errors.push(...askRules(rules, known, inner, { path, old }));
  }
  return errors;
}

function askItem(rules: CompiledRules, list: Schema, item: unknown, at: { index: number; place: Place }): FieldError[] {
  if (list.items === undefined) return [];
  return askRules(rules, list.items, item, {
    path: `${at.place.path}[${at.index}]`,
    old: olderElement(list, at.place.old, item),
  });
}

function askNode(rules: readonly CompiledRule[], schema: Schema, value: unknown, place: Place): FieldError[] {
  const isUnchanged = place.old !== undefined && isSameJson(value, place.old);
  const old = place.old === undefined ? undefined : toCelValue(schema, place.old);
  const self = toCelValue(schema, value);
  return rules.flatMap((compiled) => {
    const { isTransition, rule } = compiled;
    // Ratcheting: what was accepted before is asked again only where the rule is about the change.
    if (isTransition ? old === undefined && rule.optionalOldSelf !== true : isUnchanged) return [];
    const oldSelf = rule.optionalOldSelf === true ? optional(old) : old;
    const error = askRule(compiled, { self, oldSelf }, { path: place.path, type: schema.type ?? 'object', value });
    return error === undefined ? [] : [error];
  });
}

type RulePlace = { path: string; type: string; value: unknown };

const optional = (value: unknown): Optional => (value === undefined ? Optional.none() : Optional.of(value));

function askRule(
  compiled: CompiledRule,
  variables: { self: unknown; oldSelf: unknown },
  at: RulePlace,
): FieldError | undefined {
  const { message, rule } = compiled;
  const path = at.path === '' ? '<nil>' : at.path;
  const fixed = rule.message?.trim() ?? '';
  try {
    if (compiled.holds(variables) === true) return undefined;
  } catch (error) {
    return invalid(path, at.type, `${celFailure(error)} evaluating rule: ${fixed === '' ? rule.rule : fixed}`);
  }
  const text = (message && tryText(message, variables)) ?? (fixed === '' ? `failed rule: ${rule.rule.trim()}` : fixed);
  return failure(rule, text, { ...at, path: pathOf(rule, at.path) });
}

/** What the CEL library could not do, in the words of cel-go. */
function celFailure(error: unknown): string {
  if (!(error instanceof EvaluationError)) return String(error);
  if (error.code === 'invalid_duration') return "type conversion error from 'string' to 'google.protobuf.Duration'";
  return error.summary.replace(/^No such key/, 'no such key');
}

function tryText(expression: ParseResult, variables: object): string | undefined {
  try {
    const text: unknown = expression(variables);
    return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
  } catch {
    // As in Kubernetes: a message that cannot be made is replaced by the fixed one.
    return undefined;
  }
}

function pathOf(rule: ValidationRule, path: string): string {
  const inner = (rule.fieldPath ?? '').replaceAll(/\['([^']*)'\]/g, '.$1').replace(/^\./, '');
  const whole = inner === '' ? path : fieldPath(path, inner);
  return whole === '' ? '<nil>' : whole;
}

function failure(rule: ValidationRule, text: string, { path, value }: RulePlace): FieldError {
  switch (rule.reason ?? 'FieldValueInvalid') {
    case 'FieldValueForbidden':
      return forbidden(path, text);
    case 'FieldValueRequired':
      return required(path, text);
    case 'FieldValueDuplicate':
      return duplicate(path, value);
    default:
      // Objects and lists are left out of the message.
      return typeof value === 'object'
        ? { ...invalid(path, value, text), message: `Invalid value: ${text}` }
        : invalid(path, value, text);
  }
}
