import { expect, test } from '@jest/globals';
import { listFiles, readSource } from './imports/files.ts';
import { codeOf } from './imports/scan.ts';

/**
 * Calls of a logger whose message is no plain text: what varies belongs into the fields, or lines of one kind cannot be found together.
 * Fields end at the last `}` or identifier before the message.
 */
function findVaryingMessages(code: string): string[] {
  const calls = [...code.matchAll(/\b(?:log|logger)\.(?:debug|info|warn|error)\(/g)].map(({ index, 0: call }) =>
    argumentsAt(code, index + call.length),
  );
  return calls.filter((text) => !/(?:^|[,}]\s*)'[^']+',?\s*$/.test(text));
}

/** What stands between the parenthesis that is open at `start` and the one that closes it. */
function argumentsAt(code: string, start: number): string {
  let depth = 1;
  let at = start;
  for (; at < code.length && depth > 0; at += 1) depth += Number(code[at] === '(') - Number(code[at] === ')');
  return code.slice(start, at - 1).trim();
}

// The logger of the operator's skeleton is another, which takes texts; what it says is logged as a field.
const skeleton = 'src/kube/live/skeleton.ts';

test('log messages are constant; values are fields', () => {
  const files = listFiles('src', '.ts').filter((file) => file !== skeleton);
  const sources = files.map((file) => ({ file, code: codeOf(readSource(file)) }));
  const calls = sources.flatMap(({ code }) => code.match(/\b(?:log|logger)\.(?:debug|info|warn|error)\(/g) ?? []);
  expect(calls.length).toBeGreaterThan(20);
  expect(sources.flatMap(({ file, code }) => findVaryingMessages(code).map((found) => `${file}: ${found}`))).toEqual(
    [],
  );
});

test('a message with a value in it is found', () => {
  const varying = [
    'logger.info({}, `pod ${name} gone`);',
    "log.warn({ a: f(1) }, 'pod ' + name);",
    'logger.error({ error }, message);',
  ];
  expect(varying.map((code) => findVaryingMessages(code).length)).toEqual([1, 1, 1]);
  expect(
    findVaryingMessages(
      "logger.info({ error: describeError(error) }, 'work failed');\nlog.warn(fields, 'shutdown step out of time');",
    ),
  ).toEqual([]);
});
