import { expect, test } from '@jest/globals';
import { compare, namesOf, readVerdict, type SuiteResult } from '../../conformance/results.ts';

test.each([
  [
    '    --- PASS: TestConformance/HTTPRouteMatching (1.27s)',
    { test: 'HTTPRouteMatching', verdict: 'PASS', tookMs: 1270 },
  ],
  [
    '    --- FAIL: TestConformance/HTTPRouteWeight (60.00s)',
    { test: 'HTTPRouteWeight', verdict: 'FAIL', tookMs: 60_000 },
  ],
  ['    --- SKIP: TestConformance/HTTPRouteCORS (0.00s)', { test: 'HTTPRouteCORS', verdict: 'SKIP', tookMs: 0 }],
])('the line %s is the verdict of a test', (line, result) => {
  expect(readVerdict(line)).toEqual(result);
});

test.each([
  '--- FAIL: TestConformance (302.34s)',
  '        --- PASS: TestConformance/HTTPRouteMatching/0_request_to_/_should_go_to_v1 (0.10s)',
  '=== RUN   TestConformance/HTTPRouteMatching',
  '    helpers.go:279: --- PASS: TestConformance/HTTPRouteMatching (1.27s)',
])('the line %s is the verdict of no test', (line) => {
  expect(readVerdict(line)).toBeUndefined();
});

const result = (name: string, verdict: SuiteResult['verdict']): SuiteResult => ({ test: name, verdict, tookMs: 1 });

test('a test that must pass and is skipped is missing; one that fails is reported once', () => {
  const results = [result('A', 'PASS'), result('B', 'SKIP'), result('C', 'FAIL'), result('D', 'PASS')];
  expect(compare(results, ['A', 'B', 'C', 'E'])).toEqual({ failed: ['C'], missing: ['B', 'E'], unlisted: ['D'] });
  expect(namesOf(results, 'PASS')).toEqual(['A', 'D']);
});
