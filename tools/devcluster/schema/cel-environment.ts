/**
 * CEL as rules of CRDs use it. Kubernetes' own functions (`quantity`, `url`, `format`, …) are not in it: a CRD that calls one is refused.
 * Two functions of the CEL library differ from Kubernetes and cannot be replaced, so rules call them by other names: `has` accepts no index before
 * the field (`has(self[0].matches)`), and `matches` does not know flags inside of a pattern.
 */
import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { isJsonObject, type JsonObject } from './json.ts';
import { regExp } from './pattern.ts';
import { fieldSchema, type Schema } from './schema.ts';

/** As long as the names that they replace, so that positions in messages stay right. */
const ownNames: Record<string, string> = { has: 'HAS', matches: 'MATCHES' };

const strings = `r?(?:"""[^]*?"""|'''[^]*?'''|"(?:\\\\.|[^"\\\\])*"|'(?:\\\\.|[^'\\\\])*')`;
const stringOrName = new RegExp(`${strings}|(?<![.\\w])has(?=\\s*\\()|(?<=\\.)matches(?=\\s*\\()`, 'g');

/** Returns the rule with the names that the functions have here. String literals stay as they are. */
export const withOwnNames = (rule: string): string =>
  rule.replaceAll(stringOrName, (found) => ownNames[found] ?? found);

const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerFunction('string.MATCHES(string): bool', (text: string, pattern: string) => regExp(pattern).test(text))
  .registerFunction('HAS(ast): bool', ({ args }: { args: ASTNode[] }) => expandHas(args[0]))
  .registerVariable('self', 'dyn');

/** For rules about a new value. */
export const selfOnly: Environment = environment;
/** For rules about a change: transition rules. */
export const withOldSelf: Environment = environment.clone().registerVariable('oldSelf', 'dyn');

type Checker = { check(node: ASTNode, context: unknown): unknown; getType(name: string): unknown };
type Runner = { run(node: ASTNode, context: unknown): unknown };

function expandHas(argument: ASTNode | undefined): object {
  if (argument?.op !== '.') throw new ParseError('invalid argument to has() macro', argument);
  const [owner, field] = argument.args;
  return {
    typeCheck: (checker: Checker, _macro: unknown, context: unknown) => {
      checker.check(argument, context);
      return checker.getType('bool');
    },
    evaluate: (runner: Runner, _macro: unknown, context: unknown) => {
      const value = runner.run(owner, context);
      return isJsonObject(value) && Object.hasOwn(value, field);
    },
  };
}

/** Returns JSON as CEL reads it: integers are a type of their own. */
export function toCelValue(schema: Schema | undefined, value: unknown): unknown {
  // The CEL library compares constructors: `map` would use that of the list, which may be of another realm.
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => toCelValue(schema?.items, item));
  if (isJsonObject(value)) return toCelObject(schema, value);
  return typeof value === 'number' && schema?.type !== 'number' && Number.isInteger(value) ? BigInt(value) : value;
}

const toCelObject = (schema: Schema | undefined, object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, toCelValue(schema && fieldSchema(schema, name), value)]),
  );
