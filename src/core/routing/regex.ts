/**
 * Regular expressions of routes, in the syntax and with the guarantee of RE2: the time for a match grows linearly with the subject. Route owners
 * write the expressions, clients choose the subjects, and all of them share one event loop: with a backtracking engine, 30 characters
 * that `(a+)+b` almost matches would stop a proxy for seconds.
 */
import { RE2JS, RE2Set } from 're2js';
import type { RequestMatch } from '../../wire/routing-table.ts';

/** A UUID takes 45 instructions. */
const maxRegexInstructions = 256;

/**
 * Instructions times characters. At worst each such step takes 20 to 70 ns, so that one expression stops the event loop for 5 to 18 ms; for a head of
 * 32 KiB, the limit of every subject otherwise, it would be half a second. Allows 8,000 characters for an expression that finds a cookie
 * (31 instructions), 1,024 for the largest.
 */
const maxRegexSteps = 262_144;

/** States of the automaton that an expression may keep, in bytes; beyond it they are computed again for each subject. Default of re2js: 8 MiB. */
const maxStateBytes = 256 * 1024;

export type RegexTest = (text: string) => boolean;

/**
 * Returns a test for the whole subject. An invalid expression matches nothing, and none matches a subject that is too long for it. It is
 * compiled with the first subject, since most routes of a table never see a request before the next table.
 */
export function compileRegex(source: string): RegexTest {
  let test: RegexTest | undefined;
  return (text) => (test ??= build(source))(text);
}

function build(source: string): RegexTest {
  const inspected = inspect(source);
  if ('defect' in inspected) return () => false;
  const expression = new RE2Set(RE2Set.ANCHOR_BOTH, 0, maxStateBytes);
  expression.add(source);
  const maxLength = Math.floor(maxRegexSteps / inspected.size);
  return (text) => text.length <= maxLength && expression.match(text).length > 0;
}

/** `size`: in instructions. */
type Inspected = { size: number } | { defect: string };

function inspect(source: string): Inspected {
  try {
    const size = RE2JS.compile(source).programSize();
    if (size <= maxRegexInstructions) return { size };
    return {
      defect: `it compiles to ${size} instructions, more than ${maxRegexInstructions}: lower its repetition counts, or match by prefix`,
    };
  } catch (error) {
    return { defect: error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error) };
  }
}

/** With and without a group and anchors. `/.+` is not one of them: it does not match `/`. */
const everyPath = /^\^?(?:\.[*+]|\(\.[*+]\)|\/\.\*|\/\(\.\*\)|\(\/\.\*\))\$?$/;

/** Whether an expression is one of the usual ones that match every path that begins with a slash. */
export const fitsEveryPath = (source: string): boolean => everyPath.test(source);

/** Returns why an expression is not supported; undefined if it is. */
export function findRegexDefect(source: string): string | undefined {
  const inspected = inspect(source);
  return 'defect' in inspected ? inspected.defect : undefined;
}

export type RegexDefect = { path: string; source: string; reason: string };

/** Returns the unsupported expressions of a match. `at`: the path of the match. */
export const findRegexDefects = (match: RequestMatch, at: string): RegexDefect[] =>
  expressionsOf(match, at).flatMap(defectOf);

/** The same for a list of matches. */
export const findRegexDefectsIn = (matches: readonly RequestMatch[], list: string): RegexDefect[] =>
  matches.flatMap((match, number) => findRegexDefects(match, `${list}[${number}]`));

function defectOf(expression: { path: string; source: string }): RegexDefect | [] {
  const reason = findRegexDefect(expression.source);
  return reason === undefined ? [] : { ...expression, reason };
}

function expressionsOf({ path, rpc, headers = [], queryParams = [] }: RequestMatch, match: string) {
  const values = [
    ...(['service', 'method'] as const).flatMap((name) => {
      const value = rpc?.[name];
      return rpc === undefined || value === undefined
        ? []
        : [{ type: rpc.type, value, path: `${match}.method.${name}` }];
    }),
    { ...path, path: `${match}.path.value` },
    ...headers.map((header, at) => ({ ...header, path: `${match}.headers[${at}].value` })),
    ...queryParams.map((parameter, at) => ({ ...parameter, path: `${match}.queryParams[${at}].value` })),
  ];
  return values.flatMap(({ type, path: at, value }) =>
    type === 'RegularExpression' ? { path: at, source: value } : [],
  );
}

/** Returns a sentence that names the field and what to do. */
export const describeRegexDefect = ({ path, source, reason }: RegexDefect): string =>
  `${path}: "${source}" is not a supported regular expression: ${reason}. Use the syntax of RE2, which has no backreferences and no lookaround: https://github.com/google/re2/wiki/Syntax.`;
