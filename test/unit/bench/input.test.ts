/** What the benchmarks read: the command line, what wrk says, and the audit log. */
import { describe, expect, test } from '@jest/globals';
import { countWrites, sumWithoutLease } from '../../../bench/operator/audit.ts';
import { parseOptions } from '../../../bench/options.ts';
import { parseResult } from '../../../bench/speed/load/wrk.ts';

describe('the command line', () => {
  test('all sections are measured without options', () => {
    const parsed = parseOptions([]);
    expect(parsed).toMatchObject({
      kind: 'run',
      options: {
        only: ['speed', 'routes', 'sessions', 'connections', 'sidecar', 'abuse', 'table', 'operator', 'devcluster'],
        rounds: 5,
        write: false,
      },
    });
  });

  test('sizes and sections can be chosen', () => {
    const parsed = parseOptions(['--only', 'table,sidecar', '--endpoints', '50', '--write']);
    expect(parsed).toMatchObject({ kind: 'run', options: { only: ['table', 'sidecar'], endpoints: 50, write: true } });
  });

  test('a quick run is the comparison only, with few and short turns that can be changed', () => {
    expect(parseOptions(['--quick', '--rounds', '3'])).toMatchObject({
      kind: 'run',
      options: { only: ['speed'], quick: true, rounds: 3, seconds: 1 },
    });
  });

  test('what the comparison measures can be chosen', () =>
    expect(parseOptions(['--work', 'page,latency', '--seed', '5'])).toMatchObject({
      options: { work: ['page', 'latency'], seed: 5 },
    }));

  test.each([
    { args: ['--work', 'pages'], problem: /--work: .*"pages".*small-64/ },
    { args: ['--only', 'tabel'], problem: /--only: .*"tabel".*speed, routes/ },
    { args: ['--rounds', '0'], problem: /--rounds must be a positive integer, not "0"/ },
    { args: ['--pods', 'many'], problem: /--pods must be/ },
    { args: ['--faster'], problem: /--faster/ },
  ])('$args is rejected, and the message names the reason', ({ args, problem }) => {
    expect(parseOptions(args)).toMatchObject({ kind: 'wrong', problem: expect.stringMatching(problem) });
  });
});

describe('the result of wrk', () => {
  const result = (failed: number) => `Running 1s test\nRESULT {"requests":1000,"micros":2000000,"failed":${failed}}\n`;

  test('the result of wrk is converted to seconds', () => {
    expect(parseResult(result(0))).toEqual({ count: 1000, seconds: 2 });
  });

  test('failed requests are an error, not a figure', () =>
    expect(() => parseResult(result(3))).toThrow('3 of 1000 requests failed'));

  test('a missing result is an error', () =>
    expect(() => parseResult('unable to connect')).toThrow('unable to connect'));
});

describe('writes in the audit log', () => {
  const line = (verb: string, resource: string, subresource?: string) =>
    JSON.stringify({ verb, objectRef: { resource, ...(subresource && { subresource }) } });
  const writes = countWrites([
    line('patch', 'services'),
    line('patch', 'stickyworkloads', 'status'),
    line('patch', 'services'),
    line('update', 'leases'),
  ]);

  test('writes are counted by verb, resource and subresource', () => {
    expect([...writes]).toEqual([
      ['patch services', 2],
      ['patch stickyworkloads/status', 1],
      ['update leases', 1],
    ]);
  });

  test('the Lease is not counted as work', () => expect(sumWithoutLease(writes)).toBe(3));
});
