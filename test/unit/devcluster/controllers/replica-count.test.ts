import { describe, expect, test } from '@jest/globals';
import { averageProposal, perPodProposal, utilizationProposal, valueProposal } from '../../../../src/devcluster/controllers/autoscaling/replica-count.ts';
import { formatMilli, parseMilli } from '../../../../src/devcluster/controllers/autoscaling/quantity.ts';
import type { Pod } from '../../../../src/devcluster/controllers/objects.ts';

const nowMs = Date.UTC(2026, 0, 1);
const before = (ms: number) => new Date(nowMs - ms).toISOString();
const hour = 3_600_000;

type PodState = { phase?: string; ready?: boolean; terminating?: boolean; startedMs?: number; request?: string };

const buildPod = (index: number, { phase = 'Running', ready = true, terminating = false, startedMs = hour, request = '1' }: PodState): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, ...(terminating ? { deletionTimestamp: before(0) } : {}) },
  spec: { containers: [{ name: 'app', resources: { requests: { cpu: request } } }] },
  status: { phase, startTime: before(startedMs), conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: before(startedMs) }] },
});

/** The first pods have these samples, the others none. */
const samplesOf = (levels: readonly number[]) => new Map(levels.map((milli, index) => [`pod-${index}`, { milli, atMs: nowMs, windowMs: 60_000 }]));
const tolerances = { up: 0.1, down: 0.1 };
const ok: PodState = {};
const unready: PodState = { ready: false };
const failed: PodState = { phase: 'Failed' };
const pending: PodState = { phase: 'Pending' };
const five = [ok, ok, ok, unready, unready];

/** Most of the cases, and what they come to, are those that Kubernetes' own replica calculator is tested with. */
const utilizations: { title: string; pods: PodState[]; current?: number; levels: number[]; target: number; replicas: number; percent: number }[] = [
  { title: 'scales up', pods: [ok, ok, ok], levels: [300, 500, 700], target: 30, replicas: 5, percent: 50 },
  { title: 'an unready pod counts as idle on the way up', pods: [unready, ok, ok], levels: [300, 500, 700], target: 30, replicas: 4, percent: 60 },
  {
    title: 'so does one whose CPU is that of its start',
    pods: [ok, ok, { startedMs: 30_000 }],
    levels: [300, 500, 700],
    target: 30,
    replicas: 3,
    percent: 40,
  },
  { title: 'failed pods do not count', pods: [ok, ok, failed, failed], current: 2, levels: [500, 700], target: 30, replicas: 4, percent: 60 },
  {
    title: 'pods that are ending do not count, nor do their samples',
    pods: [ok, ok, { terminating: true }, { terminating: true }],
    current: 2,
    levels: [500, 700, 9000, 9000],
    target: 30,
    replicas: 4,
    percent: 60,
  },
  { title: 'scales down', pods: [ok, ok, ok, ok, ok], levels: [100, 300, 500, 250, 250], target: 50, replicas: 3, percent: 28 },
  { title: 'unready pods are left out on the way down', pods: five, levels: [100, 300, 500, 250, 250], target: 50, replicas: 2, percent: 30 },
  {
    title: 'within the tolerance nothing changes',
    pods: [{ request: '900m' }, { request: '1' }, { request: '1100m' }],
    levels: [1010, 1030, 1020],
    target: 100,
    replicas: 3,
    percent: 102,
  },
  { title: 'missing samples count as 100 % on the way down', pods: [ok, ok, ok, ok], levels: [400, 95], target: 100, replicas: 3, percent: 24 },
  { title: 'missing samples at exactly the target: no change', pods: [ok, ok], levels: [1000], target: 100, replicas: 2, percent: 100 },
  { title: 'missing samples count as 0 on the way up, and may take it back', pods: [ok, ok], levels: [1900], target: 100, replicas: 2, percent: 190 },
  { title: 'missing samples may take the way down back', pods: [ok, ok], levels: [600], target: 100, replicas: 2, percent: 60 },
  { title: 'missing and unready: no change', pods: [unready, ok, ok], levels: [100, 450], target: 50, replicas: 3, percent: 45 },
  { title: 'missing and unready: up', pods: [unready, ok, ok], levels: [100, 2000], target: 50, replicas: 4, percent: 200 },
  { title: 'missing and unready: down', pods: [unready, ok, ok, ok], levels: [100, 100, 100], target: 50, replicas: 3, percent: 10 },
  { title: 'unready pods are not taken for idle on the way down', pods: [unready, ok, ok, ok], levels: [100, 250, 250], target: 50, replicas: 4, percent: 25 },
  { title: 'what is assumed never turns up into down', pods: [ok, ok, unready, unready], levels: [600, 600, 0, 0], target: 50, replicas: 4, percent: 60 },
  { title: 'with a target above 100 % missing samples count as the target', pods: [ok, ok], levels: [1000], target: 200, replicas: 2, percent: 100 },
  { title: 'the percentage is cut, not rounded', pods: [ok, ok, ok], levels: [1109, 1109, 1109], target: 100, replicas: 3, percent: 110 },
];

describe('utilization of the request', () => {
  test.each(utilizations)('$title', ({ pods, current = pods.length, levels, target, replicas, percent }) => {
    const input = { pods: pods.map((state, index) => buildPod(index, state)), samples: samplesOf(levels), current, tolerances, nowMs };
    expect(utilizationProposal(input, 'cpu', target)).toMatchObject({ replicas, percent });
  });

  const refused = [
    { title: 'no pods', pods: [], levels: [], message: 'no pods returned by selector while calculating replica count' },
    { title: 'no samples', pods: [ok], levels: [], message: 'did not receive metrics for targeted pods (pods might be unready)' },
    { title: 'only pods that are starting', pods: [unready], levels: [100], message: 'did not receive metrics for targeted pods (pods might be unready)' },
  ];
  test.each(refused)('$title: $message', ({ pods, levels, message }) => {
    const input = { pods: pods.map((state, index) => buildPod(index, state)), samples: samplesOf(levels), current: 1, tolerances, nowMs };
    expect(() => utilizationProposal(input, 'cpu', 50)).toThrow(message);
  });

  test('a container without a request is named', () => {
    const pod = { ...buildPod(0, ok), spec: { containers: [{ name: 'app' }] } };
    const input = { pods: [pod], samples: samplesOf([1]), current: 1, tolerances, nowMs };
    expect(() => utilizationProposal(input, 'cpu', 50)).toThrow('missing request for cpu in container app');
  });

  test('its own tolerance for each direction', () => {
    const at = (levels: number[]) => {
      const input = { pods: [0, 1].map((index) => buildPod(index, ok)), samples: samplesOf(levels), current: 2, tolerances: { up: 0, down: 0.5 }, nowMs };
      return utilizationProposal(input, 'cpu', 50).replicas;
    };
    expect([at([510, 510]), at([260, 260]), at([240, 240])]).toEqual([3, 2, 1]);
  });
});

describe('average of a metric of pods', () => {
  const rows: { title: string; pods: PodState[]; levels: number[]; target: number; replicas: number; average: number }[] = [
    { title: 'scales up', pods: [ok, ok, ok], levels: [20_000, 10_000, 30_000], target: 15_000, replicas: 4, average: 20_000 },
    { title: 'readiness does not matter', pods: [ok, ok, unready], levels: [50_000, 10_000, 30_000], target: 15_000, replicas: 6, average: 30_000 },
    { title: 'scales down', pods: [ok, ok, ok, ok, ok], levels: [12_000, 12_000, 12_000, 12_000, 12_000], target: 20_000, replicas: 3, average: 12_000 },
    { title: 'pending pods count as idle on the way up', pods: [ok, ok, pending], levels: [30_000, 30_000], target: 15_000, replicas: 4, average: 30_000 },
  ];
  test.each(rows)('$title', ({ pods, levels, target, replicas, average }) => {
    const input = { pods: pods.map((state, index) => buildPod(index, state)), samples: samplesOf(levels), current: pods.length, tolerances, nowMs };
    expect(averageProposal(input, undefined, target)).toEqual({ replicas, averageMilli: average });
  });
});

describe('Object and External metrics', () => {
  const values: { title: string; current: number; pods: PodState[]; total: number; target: number; replicas: number }[] = [
    { title: 'up', current: 3, pods: [ok, ok, ok], total: 20_000, target: 15_000, replicas: 4 },
    { title: 'within the tolerance', current: 3, pods: [ok, ok, ok], total: 16_000, target: 15_000, replicas: 3 },
    { title: 'goes by ready pods', current: 3, pods: [ok, unready, ok], total: 30_000, target: 15_000, replicas: 4 },
    { title: 'counts ready pods that are ending', current: 2, pods: [ok, ok, { terminating: true }], total: 30_000, target: 15_000, replicas: 6 },
    { title: 'from zero', current: 0, pods: [], total: 31_000, target: 15_000, replicas: 3 },
    { title: 'to zero', current: 2, pods: [ok, ok], total: 0, target: 15_000, replicas: 0 },
  ];
  test.each(values)('against a value: $title', ({ current, pods, total, target, replicas }) => {
    const context = { current, pods: pods.map((state, index) => buildPod(index, state)) };
    expect(valueProposal({ totalMilli: total, targetMilli: target, tolerances }, context)).toEqual({ replicas });
  });

  const averages = [
    { title: 'up', statusReplicas: 3, total: 8600, target: 2150, replicas: 4, average: 2867 },
    { title: 'down', statusReplicas: 5, total: 6000, target: 2000, replicas: 3, average: 1200 },
    { title: 'within the tolerance', statusReplicas: 4, total: 8800, target: 2100, replicas: 4, average: 2200 },
  ];
  test.each(averages)('against a value per pod: $title', ({ statusReplicas, total, target, replicas, average }) => {
    expect(perPodProposal({ totalMilli: total, targetMilli: target, tolerances }, statusReplicas)).toEqual({ replicas, averageMilli: average });
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
    expect([0, 250, 1500, 2000, 12_000_000, 1_500_000].map(formatMilli)).toEqual(['0', '250m', '1500m', '2', '12k', '1500']);
  });

  test('what is none is refused', () => {
    for (const text of ['', 'many', '1x', '1.2.3']) expect(() => parseMilli(text)).toThrow('not a quantity');
  });
});
