/** Numbers of tests, and how jest's report becomes them. */

export type Count = { passed: number; failed: number; skipped: number };

/** What of jest's `--json` report is read. */
export type JestReport = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  /** Files that could not be run at all: their tests are in no other number. */
  numRuntimeErrorTestSuites: number;
};

export const oneFailure: Count = { passed: 0, failed: 1, skipped: 0 };

/**
 * The count of one layer. What would otherwise look like success counts as a failure: no report, no test at all, and a
 * jest that fails though no test did (a crash after the last test, an error in its set-up).
 */
export function countReport(report: JestReport | undefined, exitCode: number): Count {
  if (report === undefined) return oneFailure;
  const count = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  const silent = count.passed + count.failed + count.skipped === 0 || (exitCode !== 0 && count.failed === 0);
  return silent ? { ...count, failed: count.failed + 1 } : count;
}

export const addCounts = (counts: readonly Count[]): Count => ({
  passed: counts.reduce((sum, each) => sum + each.passed, 0),
  failed: counts.reduce((sum, each) => sum + each.failed, 0),
  skipped: counts.reduce((sum, each) => sum + each.skipped, 0),
});

export const formatCount = (count: Count): string =>
  `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;
