import { expect, test } from '@jest/globals';
import { addCounts, countReport, formatCount, type JestReport } from '../../runner/count.ts';

const report = (numbers: Partial<JestReport>): JestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  ...numbers,
});

test.each([
  {
    why: 'tests that passed',
    report: report({ numPassedTests: 3 }),
    exitCode: 0,
    line: '3 passed, 0 failed, 0 skipped',
  },
  {
    why: 'a test that failed',
    report: report({ numPassedTests: 3, numFailedTests: 1 }),
    exitCode: 1,
    line: '3 passed, 1 failed, 0 skipped',
  },
  {
    why: 'skipped and planned tests',
    report: report({ numPendingTests: 2, numTodoTests: 1 }),
    exitCode: 0,
    line: '0 passed, 0 failed, 3 skipped',
  },
  {
    why: 'a file that could not be loaded',
    report: report({ numPassedTests: 3, numRuntimeErrorTestSuites: 1 }),
    exitCode: 1,
    line: '3 passed, 1 failed, 0 skipped',
  },
  { why: 'no test at all is a failure', report: report({}), exitCode: 0, line: '0 passed, 1 failed, 0 skipped' },
  { why: 'a crash before the report', report: undefined, exitCode: 1, line: '0 passed, 1 failed, 0 skipped' },
  {
    why: 'a crash after the last test',
    report: report({ numPassedTests: 3 }),
    exitCode: 134,
    line: '3 passed, 1 failed, 0 skipped',
  },
])('$why', ({ report: given, exitCode, line }) => {
  expect(formatCount(countReport(given, exitCode))).toBe(line);
});

test('the counts of layers add up', () => {
  expect(
    formatCount(
      addCounts([
        { passed: 1, failed: 0, skipped: 2 },
        { passed: 3, failed: 4, skipped: 5 },
      ]),
    ),
  ).toBe('4 passed, 4 failed, 7 skipped');
});
