/** `x-kubernetes-validations`: compiles the rules of a schema, and evaluates them. */
import { EvaluationError, type ParseResult, type TypeCheckResult } from '@marcbachmann/cel-js';
import { selfOnly, toCelValue, withOldSelf, withOwnNames } from './cel-environment.ts';
import { type FieldError, forbidden, invalid, required } from './field-error.ts';
import { isJsonObject, isSameJson } from './json.ts';
import { fieldPath, fieldSchema, olderElement, type Schema, type ValidationRule } from './schema.ts';
import { type SchemaNode, walkSchema } from './walk.ts';
import type { Place } from './validate.ts';

type CompiledRule = { rule: ValidationRule; isTransition: boolean; holds: ParseResult };
export type CompiledRules = ReadonlyMap<Schema, readonly CompiledRule[]>;

/** Returns all rules of a schema, or what is wrong with them. `at` is the place of the schema in its CRD. */
export function compileRules(root: Schema, at: string): { rules: CompiledRules; problems: FieldError[] } {
  const rules = new Map<Schema, CompiledRule[]>();
  const problems: FieldError[] = [];
  for (const node of walkSchema(root, at)) {
    const declared = node.schema['x-kubernetes-validations'] ?? [];
    const found = declared.flatMap((rule, index) =>
      ruleProblems(rule, node, `${node.path}.x-kubernetes-validations[${index}]`),
    );
    problems.push(...found);
    if (declared.length > 0 && found.length === 0) rules.set(node.schema, declared.map(compileRule));
  }
  return { rules, problems };
}

const compileRule = (rule: ValidationRule): CompiledRule => ({
  rule,
  isTransition: isTransition(rule),
  holds: withOldSelf.parse(withOwnNames(rule.rule)),
});

/** A rule that compiles only with an old value is about the change. */
const isTransition = ({ rule }: ValidationRule): boolean => !selfOnly.check(withOwnNames(rule)).valid;

const supportedFields = new Set(['rule', 'message', 'fieldPath']);

function ruleProblems(rule: ValidationRule, { list }: SchemaNode, at: string): FieldError[] {
  if (rule.rule.trim() === '') return [required(`${at}.rule`, 'rule is not specified')];
  const unsupported = Object.keys(rule).filter((field) => !supportedFields.has(field));
  const errors = unsupported.map((field) => forbidden(`${at}.${field}`, 'devcluster does not support it'));
  const { error } = withOldSelf.check(withOwnNames(rule.rule));
  if (error !== undefined) return [...errors, invalid(`${at}.rule`, rule.rule, describe(rule.rule, error))];
  if (list === undefined || !isTransition(rule)) return errors;
  const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${list}`;
  return [...errors, invalid(`${at}.rule`, rule.rule, detail)];
}

/** The report of cel-go: position, expression, and a pointer to the position. */
function describe(expression: string, { name, range, summary }: NonNullable<TypeCheckResult['error']>): string {
  const column = (range?.start ?? 0) + 1;
  const kind = name === 'ParseError' ? 'Syntax error: ' : '';
  const pointer = `${'.'.repeat(column - 1)}^`;
  return `compilation failed: ERROR: <input>:1:${column}: ${kind}${summary}\n | ${expression}\n | ${pointer}`;
}

/** Returns an error for each rule that a value or a part of it violates. */
export function checkRules(rules: CompiledRules, schema: Schema, value: unknown, place: Place): FieldError[] {
  if (rules.size === 0 || value === null || value === undefined) return [];
  const own = rules.get(schema);
  const errors = own === undefined ? [] : checkNode(own, schema, value, place);
  if (Array.isArray(value)) {
    return [...errors, ...value.flatMap((item, index) => checkItem(rules, schema, item, { index, place }))];
  }
  if (!isJsonObject(value)) return errors;
  for (const [name, inner] of Object.entries(value)) {
    const known = fieldSchema(schema, name);
    if (known === undefined) continue;
    const old = isJsonObject(place.old) ? place.old[name] : undefined;
    const path = schema.properties === undefined ? `${place.path}[${name}]` : fieldPath(place.path, name);
    errors.push(...checkRules(rules, known, inner, { path, old }));
  }
  return errors;
}

function checkItem(
  rules: CompiledRules,
  list: Schema,
  item: unknown,
  { index, place }: { index: number; place: Place },
): FieldError[] {
  if (list.items === undefined) return [];
  return checkRules(rules, list.items, item, {
    path: `${place.path}[${index}]`,
    old: olderElement(list, place.old, item),
  });
}

function checkNode(rules: readonly CompiledRule[], schema: Schema, value: unknown, place: Place): FieldError[] {
  const isUnchanged = place.old !== undefined && isSameJson(value, place.old);
  const variables = { self: toCelValue(schema, value), oldSelf: toCelValue(schema, place.old) };
  return rules.flatMap((compiled) => {
    // Ratcheting: an unchanged value is checked again only by rules about the change.
    if (compiled.isTransition ? place.old === undefined : isUnchanged) return [];
    return checkRule(compiled, variables, { path: place.path, type: schema.type ?? 'object', value });
  });
}

type RulePlace = { path: string; type: string; value: unknown };

function checkRule({ rule, holds }: CompiledRule, variables: object, { path, type, value }: RulePlace): FieldError[] {
  const message = rule.message?.trim() ?? '';
  try {
    if (holds(variables) === true) return [];
  } catch (error) {
    const detail = `${describeFailure(error)} evaluating rule: ${message === '' ? rule.rule : message}`;
    return [invalid(path === '' ? '<nil>' : path, type, detail)];
  }
  const text = message === '' ? `failed rule: ${rule.rule.trim()}` : message;
  const error = invalid(pathOf(rule, path), value, text);
  // The message does not contain objects and lists.
  return [typeof value === 'object' ? { ...error, message: `Invalid value: ${text}` } : error];
}

/** An error of the CEL library, in the words of cel-go. */
function describeFailure(error: unknown): string {
  if (!(error instanceof EvaluationError)) return String(error);
  if (error.code === 'invalid_duration') return "type conversion error from 'string' to 'google.protobuf.Duration'";
  return error.summary.replace(/^No such key/, 'no such key');
}

function pathOf({ fieldPath: inner = '' }: ValidationRule, path: string): string {
  const whole = inner === '' ? path : fieldPath(path, inner.replace(/^\./, ''));
  return whole === '' ? '<nil>' : whole;
}
