import { describe, expect, test } from '@jest/globals';
import {
  averageProposal,
  perPodProposal,
  utilizationProposal,
  valueProposal,
} from '../../../controllers/autoscaling/replica-count.ts';
import { formatMilli, parseMilli } from '../../../controllers/autoscaling/quantity.ts';
import type { Pod } from '../../../controllers/objects.ts';

const nowMs = Date.UTC(2026, 0, 1);
const before = (ms: number) => new Date(nowMs - ms).toISOString();
const hour = 3_600_000;

type PodState = { phase?: string; ready?: boolean; terminating?: boolean; startedMs?: number; request?: string };

const buildPod = (
  index: number,
  { phase = 'Running', ready = true, terminating = false, startedMs = hour, request = '1' }: PodState,
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, ...(terminating ? { deletionTimestamp: before(0) } : {}) },
  spec: { containers: [{ name: 'app', resources: { requests: { cpu: request } } }] },
  status: {
    phase,
    startTime: before(startedMs),
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: before(startedMs) }],
  },
});

/** The first pods have these samples, the others none. */
const samplesOf = (levels: readonly number[]) =>
  new Map(levels.map((milli, index) => [`pod-${index}`, { milli, atMs: nowMs, windowMs: 60_000 }]));
const tolerances = { up: 0.1, down: 0.1 };
const ok: PodState = {};
const unready: PodState = { ready: false };
const failed: PodState = { phase: 'Failed' };
const pending: PodState = { phase: 'Pending' };

/** Which pods count: `test/conformance/lifecycle` asks a real autoscaler, too. Here are those that a cluster replaces while they are looked at. */
describe('utilization of the request', () => {
  const rows: { title: string; pods: PodState[]; levels: number[] }[] = [
    { title: 'pods that failed do not count', pods: [ok, ok, failed, failed], levels: [500, 700] },
    {
      title: 'pods that are ending do not count, nor do their samples',
      pods: [ok, ok, { terminating: true }, { terminating: true }],
      levels: [500, 700, 9000, 9000],
    },
  ];
  test.each(rows)('$title', ({ pods, levels }) => {
    const input = {
      pods: pods.map((state, index) => buildPod(index, state)),
      samples: samplesOf(levels),
      current: 2,
      tolerances,
      nowMs,
    };
    expect(utilizationProposal(input, 'cpu', 30)).toMatchObject({ replicas: 4, percent: 60 });
  });

  test('without pods there is none', () => {
    const input = { pods: [], samples: samplesOf([]), current: 1, tolerances, nowMs };
    expect(() => utilizationProposal(input, 'cpu', 50)).toThrow(
      'no pods returned by selector while calculating replica count',
    );
  });

  test('its own tolerance for each direction', () => {
    const at = (levels: number[]) => {
      const input = {
        pods: [0, 1].map((index) => buildPod(index, ok)),
        samples: samplesOf(levels),
        current: 2,
        tolerances: { up: 0, down: 0.5 },
        nowMs,
      };
      return utilizationProposal(input, 'cpu', 50).replicas;
    };
    expect([at([510, 510]), at([260, 260]), at([240, 240])]).toEqual([3, 2, 1]);
  });
});

describe('average of a metric of pods', () => {
  const rows: {
    title: string;
    pods: PodState[];
    levels: number[];
    target: number;
    replicas: number;
    average: number;
  }[] = [
    {
      title: 'scales up',
      pods: [ok, ok, ok],
      levels: [20_000, 10_000, 30_000],
      target: 15_000,
      replicas: 4,
      average: 20_000,
    },
    {
      title: 'readiness does not matter',
      pods: [ok, ok, unready],
      levels: [50_000, 10_000, 30_000],
      target: 15_000,
      replicas: 6,
      average: 30_000,
    },
    {
      title: 'scales down',
      pods: [ok, ok, ok, ok, ok],
      levels: [12_000, 12_000, 12_000, 12_000, 12_000],
      target: 20_000,
      replicas: 3,
      average: 12_000,
    },
    {
      title: 'pending pods count as idle on the way up',
      pods: [ok, ok, pending],
      levels: [30_000, 30_000],
      target: 15_000,
      replicas: 4,
      average: 30_000,
    },
  ];
  test.each(rows)('$title', ({ pods, levels, target, replicas, average }) => {
    const input = {
      pods: pods.map((state, index) => buildPod(index, state)),
      samples: samplesOf(levels),
      current: pods.length,
      tolerances,
      nowMs,
    };
    expect(averageProposal(input, undefined, target)).toEqual({ replicas, averageMilli: average });
  });
});

describe('Object and External metrics', () => {
  const values: {
    title: string;
    current: number;
    pods: PodState[];
    total: number;
    target: number;
    replicas: number;
  }[] = [
    {
      title: 'counts ready pods that are ending',
      current: 2,
      pods: [ok, ok, { terminating: true }],
      total: 30_000,
      target: 15_000,
      replicas: 6,
    },
    { title: 'from zero', current: 0, pods: [], total: 31_000, target: 15_000, replicas: 3 },
    { title: 'to zero', current: 2, pods: [ok, ok], total: 0, target: 15_000, replicas: 0 },
  ];
  test.each(values)('against a value: $title', ({ current, pods, total, target, replicas }) => {
    const context = { current, pods: pods.map((state, index) => buildPod(index, state)) };
    expect(valueProposal({ totalMilli: total, targetMilli: target, tolerances }, context)).toEqual({ replicas });
  });

  test('against a value per pod: the average is rounded up to thousandths', () => {
    expect(perPodProposal({ totalMilli: 8600, targetMilli: 2150, tolerances }, 3)).toEqual({
      replicas: 4,
      averageMilli: 2867,
    });
  });
});

describe('quantities', () => {
  const rows = [
    { text: '250m', milli: 250 },
    { text: '1.5', milli: 1500 },
    { text: '0.1', milli: 100 },
    { text: '2', milli: 2000 },
    { text: '64Mi', milli: 67_108_864_000 },
    { text: '1e3', milli: 1_000_000 },
    { text: '100u', milli: 1 },
  ];
  test.each(rows)('$text is $milli thousandths', ({ text, milli }) => {
    expect(parseMilli(text)).toBe(milli);
  });

  test('are written with the largest suffix that leaves a whole number', () => {
    expect([0, 250, 1500, 2000, 12_000_000, 1_500_000].map(formatMilli)).toEqual([
      '0',
      '250m',
      '1500m',
      '2',
      '12k',
      '1500',
    ]);
  });

  test('what is none is refused', () => {
    for (const text of ['', 'many', '1x', '1.2.3']) expect(() => parseMilli(text)).toThrow('not a quantity');
  });
});
