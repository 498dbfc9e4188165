/** The verdicts of Go's test runner, line by line: the suite's report names only what failed or was skipped. */

export type SuiteResult = { test: string; verdict: 'PASS' | 'FAIL' | 'SKIP'; tookMs: number };

const verdictLine = /^\s+--- (PASS|FAIL|SKIP): TestConformance\/([^/\s]+) \((\d+\.\d+)s\)$/;

/** Returns the verdict of a test of the suite; undefined for all other lines, also those of parts of a test. */
export function readVerdict(line: string): SuiteResult | undefined {
  const [, verdict, test, seconds] = verdictLine.exec(line) ?? [];
  if (verdict === undefined || test === undefined) return undefined;
  return { test, verdict: verdict as SuiteResult['verdict'], tookMs: Math.round(Number(seconds) * 1000) };
}

export type Comparison = {
  failed: string[];
  /** Expected to pass, and neither passed nor failed: a feature that is no longer in `supportedFeatures` is skipped. */
  missing: string[];
  /** Passed, and not in the list of those that must. */
  unlisted: string[];
};

export const namesOf = (results: readonly SuiteResult[], having: SuiteResult['verdict']): string[] =>
  results.flatMap(({ test, verdict }) => (verdict === having ? [test] : [])).toSorted();

export function compare(results: readonly SuiteResult[], mustPass: readonly string[]): Comparison {
  const passed = namesOf(results, 'PASS');
  const failed = namesOf(results, 'FAIL');
  return {
    failed,
    missing: mustPass.filter((test) => !passed.includes(test) && !failed.includes(test)),
    unlisted: passed.filter((test) => !mustPass.includes(test)),
  };
}
