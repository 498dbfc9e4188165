/** The page of what is not claimed, against the report of the suite, and the tests that must pass against it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readExpected } from '../../conformance/expected.ts';

const folder = join(import.meta.dirname, '../../../docs/conformance');

type Statistics = { Passed: number; Failed: number; Skipped: number };
type Report = {
  profiles: {
    name: string;
    core: { result: string; statistics: Statistics };
    /** Absent if none is claimed. */
    extended?: { result: string; statistics: Statistics; supportedFeatures?: string[]; unsupportedFeatures?: string[] };
  }[];
};

const report = parse(readFileSync(join(folder, 'gateway-api-v1.6.3.yaml'), 'utf8')) as Report;
const page = readFileSync(join(folder, 'README.md'), 'utf8');

test('every feature that the report lists as unsupported has a row with a reason, and no other has', () => {
  const rows = [...page.slice(page.indexOf('## Not claimed')).matchAll(/^\| (`[^|]+`) \| [^|]+ \|$/gm)];
  const names = rows.flatMap(([, cell]) => [...String(cell).matchAll(/`(\w+)`/g)].map(([, name]) => String(name)));
  // A feature of Gateways is one of every profile.
  const unsupported = new Set(report.profiles.flatMap(({ extended }) => extended?.unsupportedFeatures ?? []));
  expect(names.toSorted()).toEqual([...unsupported].toSorted());
});

test('the report is of a run in which every core test and every extended test that ran has passed', () => {
  const parts = report.profiles.flatMap(({ core, extended }) => [core, ...(extended ? [extended] : [])]);
  expect(new Set(parts.map(({ result }) => result))).toEqual(new Set(['success']));
  // A test counts in each profile that needs it.
  const passed = report.profiles.map(
    ({ core, extended }) => core.statistics.Passed + (extended?.statistics.Passed ?? 0),
  );
  const expected = readExpected().length;
  expect(Math.max(...passed)).toBeLessThanOrEqual(expected);
  expect(passed.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(expected);
});
