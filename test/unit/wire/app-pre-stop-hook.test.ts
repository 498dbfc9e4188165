import { describe, expect, test } from '@jest/globals';
import { drainStep } from '../../../src/core/drain/gate.ts';
import { beginDrain } from '../../../src/core/drain/state.ts';
import type { DrainObservation, ReleasedState } from '../../../src/core/drain/state.ts';
import { hookTimeoutMs } from '../../../src/core/drain/limit.ts';
import {
  containerOfVariable,
  parseAppPreStopHook,
  parsePreStopPath,
  preStopPathOf,
  preStopVariable,
} from '../../../src/wire/app-pre-stop-hook.ts';

const start = 1_000_000;
const policy = {
  drainTimeoutMs: 60_000,
  quietPeriodMs: 0,
  shutdownMarginMs: 10_000,
  sources: ['Proxy' as const],
  sessionThreshold: 0,
};

function released(
  afterMs: number,
  observation: DrainObservation,
  steps: [number, DrainObservation][] = [],
): ReleasedState {
  let state = beginDrain(policy, start);
  for (const [ms, step] of [...steps, [afterMs, observation] as const]) {
    ({ state } = drainStep(state, step, start + ms));
  }
  if (!state.release) throw new Error('still held');
  return { ...state, release: state.release };
}
const answer = (sessions: number, killAtMs: number): DrainObservation => ({
  type: 'Status',
  status: { terminating: true, killAtMs, sources: [{ type: 'Proxy', known: true, sessions }] },
});
const away: DrainObservation = { type: 'Unreachable', reason: 'refused' };

describe("the time limit of an app's own hook after the release", () => {
  const kill = start + 100_000;
  test.each([
    [
      'is all but the shutdown margin when sessions ended early',
      released(20_000, answer(0, kill)),
      start + 20_000,
      70_000,
    ],
    [
      'is half of the rest when the deadline left only the margin',
      released(20_000, { type: 'TimePassed' }, [[0, answer(1, start + 30_000)]]),
      start + 20_000,
      5000,
    ],
    ['is zero when the grace period is over', released(0, answer(0, start)), start, 0],
    [
      'follows from the settings of injection when no operator ever responded',
      released(60_000, away, [[0, away]]),
      start + 60_000,
      5000,
    ],
    [
      'is that of the kubelet when the container only restarts',
      released(40, { type: 'Status', status: { terminating: false } }),
      start + 40,
      25_000,
    ],
  ])('%s', (_, state, nowMs, timeoutMs) => {
    expect(hookTimeoutMs(state, 25_000, nowMs)).toBe(timeoutMs);
  });
});

test('a preStop path names its container, and the bare path of earlier injections names none', () => {
  expect(parsePreStopPath(preStopPathOf('cache-1'))).toEqual({ container: 'cache-1' });
  expect(parsePreStopPath('/prestop')).toEqual({ container: undefined });
  for (const other of ['/prestop/', '/prestop/a/b', '/prestopped', '/healthz']) {
    expect(parsePreStopPath(other)).toBeUndefined();
  }
});

test('a preStop variable names its container, and other variables name none', () => {
  expect(containerOfVariable(preStopVariable('cache-1'))).toBe('cache-1');
  expect(containerOfVariable('HOLDFAST_CA')).toBeUndefined();
});

describe('an encoded hook', () => {
  const hook = {
    scheme: 'HTTPS' as const,
    host: '10.0.0.7',
    port: 8443,
    path: '/save',
    headers: [{ name: 'X-A', value: 'b' }],
  };
  test('is decoded unchanged', () => {
    expect(parseAppPreStopHook(JSON.stringify(hook))).toEqual({ value: hook });
  });
  test.each([
    ['null', 'object'],
    [JSON.stringify({ ...hook, scheme: 'FTP' }), 'scheme'],
    [JSON.stringify({ ...hook, host: 7 }), 'host'],
    [JSON.stringify({ ...hook, port: 'http' }), 'port'],
    [JSON.stringify({ ...hook, port: 70_000 }), 'port'],
    [JSON.stringify({ ...hook, path: 'save' }), 'path'],
    [JSON.stringify({ ...hook, headers: [{ name: 'X-A' }] }), 'headers'],
  ])('%s is rejected because of its %s', (text, field) => {
    expect(parseAppPreStopHook(text)).toEqual({ problem: expect.stringContaining(field) });
  });
});
