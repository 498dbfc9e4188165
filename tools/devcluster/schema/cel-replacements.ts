/**
 * What the CEL library does otherwise than Kubernetes, and lets nobody replace; so rules call these by other names.
 * `has` takes no index before the field there (`has(self[0].matches)`, as Gateway API's CRDs write it) and lets fields pass
 * that no type has. `matches` knows no flags inside of a pattern.
 */
import { type ASTNode, type Environment, ParseError } from '@marcbachmann/cel-js';
import { isJsonObject } from './json.ts';
import { regExp } from './pattern.ts';

/** As long as the names that they stand for, so that places in messages stay right. */
const ownNames: Record<string, string> = { has: 'HAS', matches: 'MATCHES' };

const texts = `r?(?:"""[^]*?"""|'''[^]*?'''|"(?:\\\\.|[^"\\\\])*"|'(?:\\\\.|[^'\\\\])*')`;
const textOrName = new RegExp(`${texts}|(?<![.\\w])has(?=\\s*\\()|(?<=\\.)matches(?=\\s*\\()`, 'g');

/** A rule with the names that the functions have here. What stands in quotes stays. */
export function withOwnNames(rule: string): string {
  return rule.replaceAll(textOrName, (found) => ownNames[found] ?? found);
}

export function registerReplacements(environment: Environment): void {
  environment.registerFunction('string.MATCHES(string): bool', (text: string, pattern: string) =>
    regExp(pattern).test(text),
  );
  environment.registerFunction('HAS(ast): bool', ({ args }: { args: ASTNode[] }) => expandHas(args[0]));
}

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
