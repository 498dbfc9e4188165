/** The page of what is not claimed, against the report of the suite, and the tests that must pass against it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readExpected } from '../../conformance/expected.ts';

const folder = join(import.meta.dirname, '../../../docs/conformance');

type Part = { result: string; statistics: { Passed: number; Failed: number; Skipped: number } };
type Report = {
  profiles: {
    name: string;
    core: Part;
    extended: Part & { supportedFeatures: string[]; unsupportedFeatures?: string[] };
  }[];
};

const report = parse(readFileSync(join(folder, 'gateway-api-v1.6.3.yaml'), 'utf8')) as Report;
const page = readFileSync(join(folder, 'README.md'), 'utf8');

test('every feature that the report lists as unsupported has a row with a reason, and no other has', () => {
  const rows = [...page.slice(page.indexOf('## Not claimed')).matchAll(/^\| (`[^|]+`) \| [^|]+ \|$/gm)];
  const names = rows.flatMap(([, cell]) => [...String(cell).matchAll(/`(\w+)`/g)].map(([, name]) => String(name)));
  // A feature of Gateways is one of every profile.
  const unsupported = new Set(report.profiles.flatMap(({ extended }) => extended.unsupportedFeatures ?? []));
  expect(names.toSorted()).toEqual([...unsupported].toSorted());
});

test('the report is of a run of both profiles in which every core test and every extended test has passed', () => {
  expect(report.profiles.map(({ name }) => name)).toEqual(['GATEWAY-HTTP', 'GATEWAY-GRPC']);
  for (const { result, statistics } of report.profiles.flatMap(({ core, extended }) => [core, extended])) {
    expect({ result, ...statistics }).toMatchObject({ result: 'success', Failed: 0, Skipped: 0 });
  }
});

test('the page has the figures of the report', () => {
  const rows = report.profiles.map(({ name, core, extended }) => {
    const figures = [core, extended].map(({ statistics: { Passed: count } }) => `${count} of ${count}`);
    return `| \`${name}\` | ${figures.join(' | ')} |`;
  });
  expect(page.split('\n').filter((line) => line.startsWith('| `GATEWAY-'))).toEqual(rows);
});

test('the tests that must pass are those that the report counts', () => {
  const passed = report.profiles.map(({ core, extended }) => core.statistics.Passed + extended.statistics.Passed);
  const ofGrpc = readExpected().filter((name) => name.startsWith('GRPC')).length;
  const others = readExpected().length - ofGrpc;
  // Those of Gateways without a kind of route are in both profiles, and the feature of GRPCRouteNamedRule is in none.
  const ofGateways = 21;
  expect(passed).toEqual([others, ofGateways + ofGrpc - 1]);
});
