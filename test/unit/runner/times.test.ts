import { expect, test } from '@jest/globals';
import { formatDuration, formatTimes, readTestFiles } from '../../runner/times.ts';

test.each([
  [0, '0.0 s'],
  [3449, '3.4 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [723_400, '12 min 3 s'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('files of a report have their path in the repository and the durations of their tests', () => {
  const report = {
    testResults: [
      {
        name: '/repo/test/a.test.ts',
        startTime: 1000,
        endTime: 3500,
        assertionResults: [{ fullName: 'group passes', duration: 1200 }, { fullName: 'group is skipped' }],
      },
      { name: '/elsewhere/b.test.ts', startTime: 0, endTime: 0, assertionResults: [] },
    ],
  };
  expect(readTestFiles(report, '/repo')).toEqual([
    {
      path: 'test/a.test.ts',
      tookMs: 2500,
      tests: [
        { title: 'group passes', tookMs: 1200 },
        { title: 'group is skipped', tookMs: 0 },
      ],
    },
    { path: '/elsewhere/b.test.ts', tookMs: 0, tests: [] },
  ]);
});

test('the summary lists the layers in order, then the slowest files and tests', () => {
  const fast = { path: 'a.test.ts', tookMs: 2000, tests: [{ title: 'adds', tookMs: 1000 }] };
  const slow = {
    path: 'b.test.ts',
    tookMs: 90_000,
    tests: [
      { title: 'drains', tookMs: 61_000 },
      { title: 'is skipped', tookMs: 0 },
    ],
  };
  const layers = [
    { layer: 'fast', tookMs: 5000, files: [fast] },
    { layer: 'e2e', tookMs: 100_000, files: [slow] },
  ];
  expect(formatTimes(layers, 101_000)).toEqual([
    'The run took 1 min 41 s.',
    'Time of each layer:',
    '        5.0 s  fast',
    '   1 min 40 s  e2e',
    'Slowest test files:',
    '   1 min 30 s  e2e  b.test.ts',
    '        2.0 s  fast  a.test.ts',
    'Slowest tests:',
    '    1 min 1 s  e2e  b.test.ts: drains',
    '        1.0 s  fast  a.test.ts: adds',
  ]);
});

test('no more than ten files are listed', () => {
  const files = Array.from({ length: 12 }, (_, index) => ({ path: `${index}`, tookMs: (index + 1) * 1000, tests: [] }));
  const lines = formatTimes([{ layer: 'fast', tookMs: 1, files }], 1);
  expect(lines.filter((line) => line.includes('  fast  '))).toHaveLength(10);
  expect(lines).toContain('       12.0 s  fast  11');
  expect(lines).not.toContain('        2.0 s  fast  1');
});
