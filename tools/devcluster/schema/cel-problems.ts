/** What is wrong with a validation rule of a CRD, in the words of the API server. */
import type { Environment, TypeCheckResult } from '@marcbachmann/cel-js';
import { withOwnNames } from './cel-replacements.ts';
import { type FieldError, invalid, notSupported, required } from './field-error.ts';
import { fieldSchema, type Schema, type ValidationRule } from './schema.ts';
import type { SchemaNode } from './walk.ts';

/** The node that a rule is for, and the variables that it may use, with their types. */
export type RuleScope = {
  node: SchemaNode;
  selfOnly: Environment;
  withOldSelf: Environment;
  withOptionalOldSelf: Environment;
};

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

export function ruleProblems(rule: ValidationRule, scope: RuleScope, at: string): FieldError[] {
  if (rule.rule.trim() === '') return [required(`${at}.rule`, 'rule is not specified')];
  return [
    ...fieldProblems(rule, scope, at),
    ...expressionProblems(rule, scope, at),
    ...messageProblems(rule, scope, at),
  ];
}

function fieldProblems(
  { fieldPath = '', message = '', reason }: ValidationRule,
  scope: RuleScope,
  at: string,
): FieldError[] {
  const problems: FieldError[] = [];
  if (/[\n\r]/.test(message)) problems.push(invalid(`${at}.message`, message, 'must not contain line breaks'));
  if (reason !== undefined && !reasons.includes(reason)) problems.push(notSupported(`${at}.reason`, reason, reasons));
  if (!isKnownPath(scope.node.schema, fieldPath)) {
    problems.push(invalid(`${at}.fieldPath`, fieldPath, 'must be a valid path'));
  }
  return problems;
}

function expressionProblems(rule: ValidationRule, scope: RuleScope, at: string): FieldError[] {
  const detail = whyNot('bool', rule.rule, environmentOf(rule, scope));
  if (detail !== undefined) return [invalid(`${at}.rule`, asGoPrints(rule), detail)];
  const isTransition = isTransitionRule(rule, scope);
  if (isTransition && scope.node.list !== undefined) {
    return [
      invalid(
        `${at}.rule`,
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${scope.node.list}`,
      ),
    ];
  }
  if (!isTransition && rule.optionalOldSelf === true) {
    return [invalid(`${at}.optionalOldSelf`, true, 'may not be set if oldSelf is not used in rule')];
  }
  return [];
}

function messageProblems(rule: ValidationRule, scope: RuleScope, at: string): FieldError[] {
  const { messageExpression = '' } = rule;
  const detail = messageExpression === '' ? undefined : whyNot('string', messageExpression, environmentOf(rule, scope));
  return detail === undefined ? [] : [invalid(`${at}.messageExpression`, asGoPrints(rule), detail)];
}

const environmentOf = (rule: ValidationRule, scope: RuleScope): Environment =>
  rule.optionalOldSelf === true ? scope.withOptionalOldSelf : scope.withOldSelf;

/** A rule that compiles only where there is an old value is about it. */
export const isTransitionRule = (rule: ValidationRule, scope: RuleScope): boolean =>
  !scope.selfOnly.check(withOwnNames(rule.rule)).valid;

function whyNot(type: 'bool' | 'string', expression: string, environment: Environment): string | undefined {
  const checked = environment.check(withOwnNames(expression));
  if (checked.error !== undefined) return describe(expression, checked.error);
  if (checked.type === type || checked.type === 'dyn') return undefined;
  return type === 'bool' ? 'cel expression must evaluate to a bool' : 'messageExpression must evaluate to a string';
}

/** cel-go's report of what does not compile: the place, the line, and a pointer to it. */
function describe(expression: string, error: NonNullable<TypeCheckResult['error']>): string {
  const start = error.range?.start ?? 0;
  // cel-go points at the dot before an unknown field.
  const column = error.code === 'no_such_key' ? start : start + 1;
  const detail = error.summary
    .replace(/^No such key: (.*)$/, "undefined field '$1'")
    .replace(/^no such overload: (\S+) (\S+) (\S+)$/, "found no matching overload for '_$2_' applied to '($1, $3)'");
  const kind = error.name === 'ParseError' ? 'Syntax error: ' : '';
  return `compilation failed: ERROR: <input>:1:${column}: ${kind}${detail}\n | ${expression}\n | ${'.'.repeat(Math.max(0, column - 1))}^`;
}

/** The rule as the Go struct that the API server prints. */
const asGoPrints = (rule: ValidationRule): object => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
});

/** `.spec.a` or `['a'].b`: fields that the schema declares. */
function isKnownPath(schema: Schema, path: string): boolean {
  let inner: Schema | undefined = schema;
  for (const [, dotted, quoted] of path.matchAll(/\.([^.[]+)|\['([^']*)'\]/g)) {
    inner = inner && fieldSchema(inner, dotted ?? quoted ?? '');
  }
  return inner !== undefined;
}
