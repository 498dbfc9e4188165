import { expect, test } from '@jest/globals';
import { createCounters } from '../../../sidecar/counters.ts';
import { renderMetrics } from '../../../sidecar/metrics.ts';
import { metrics } from '../../../src/api/metrics.ts';
import { drainStep } from '../../../src/core/drain/gate.ts';
import { beginDrain } from '../../../src/core/drain/state.ts';
import { callPreStop } from './pre-stop.ts';
import { terminatingWith } from './fake-operator.ts';
import { createRig, quick } from './rig.ts';

const { operatorOn, sidecarOf } = createRig();

/** Returns the `# TYPE` and `# HELP` lines, and the samples by name with labels. */
function parse(text: string) {
  const lines = text.split('\n').filter((line) => line !== '');
  const types = lines.flatMap((line) => (line.startsWith('# TYPE ') ? [line.slice(7)] : []));
  const samples = Object.fromEntries(
    lines
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.split(' '))
      .map(([name, value]) => [name, Number(value)]),
  );
  return { types, samples, helps: lines.flatMap((line) => (line.startsWith('# HELP ') ? [line.slice(7)] : [])) };
}
const idle = { state: undefined, callers: 0 };

test('the exported metrics are those of the catalogue', () => {
  const ofSidecar = Object.entries(metrics).filter(([, { part }]) => part === 'sidecar');
  const { types, helps } = parse(renderMetrics(idle, createCounters(), 0));
  expect(types).toEqual(ofSidecar.map(([name, { type }]) => `${name} ${type}`));
  expect(helps).toEqual(ofSidecar.map(([name, { help }]) => `${name} ${help}`));
});

test('without a hold there is no deadline and no count, and every counter exists from the start', () => {
  expect(parse(renderMetrics(idle, createCounters(), 0)).samples).toEqual({
    holdfast_sidecar_holding: 0,
    holdfast_sidecar_hold_seconds: 0,
    'holdfast_sidecar_refused_total{reason="NotLocal"}': 0,
    'holdfast_sidecar_refused_total{reason="TooManyConnections"}': 0,
    'holdfast_sidecar_releases_total{reason="DrainComplete"}': 0,
    'holdfast_sidecar_releases_total{reason="DrainDeadline"}': 0,
    'holdfast_sidecar_releases_total{reason="DrainCutShort"}': 0,
    'holdfast_sidecar_releases_total{reason="NotTerminating"}': 0,
    'holdfast_sidecar_faults_total{kind="uncaughtException"}': 0,
    'holdfast_sidecar_faults_total{kind="unhandledRejection"}': 0,
    'holdfast_sidecar_faults_total{kind="poll"}': 0,
    holdfast_sidecar_operator_errors_total: 0,
  });
});

test('a hold exports its duration, its deadline, and each known source', () => {
  const begun = beginDrain({ ...quick, sources: ['Proxy', 'Connections'] }, 1000);
  const answer = {
    terminating: true as const,
    killAtMs: 41_000,
    sources: [
      { type: 'Proxy' as const, known: true as const, sessions: 7 },
      { type: 'Connections' as const, known: false as const, reason: 'unreadable' },
    ],
  };
  const { state } = drainStep(begun, { type: 'Status', status: answer }, 1500);
  const { samples } = parse(renderMetrics({ state, callers: 1 }, createCounters(), 3500));
  expect(samples).toMatchObject({
    holdfast_sidecar_holding: 1,
    holdfast_sidecar_hold_seconds: 2.5,
    holdfast_sidecar_deadline_timestamp_seconds: 40,
    'holdfast_sidecar_sessions{source="Proxy"}': 7,
  });
  expect(samples).not.toHaveProperty(['holdfast_sidecar_sessions{source="Connections"}']);
});

test('released hooks and failed requests to the operator are counted', async () => {
  const operator = await operatorOn();
  const sidecar = await sidecarOf(operator);
  const read = async () => {
    const response = await fetch(`http://127.0.0.1:${sidecar.port}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return parse(await response.text()).samples;
  };
  const hooks = [callPreStop(sidecar.port, '/prestop/a'), callPreStop(sidecar.port, '/prestop/b')];
  await operator.asked(2);
  expect((await read())['holdfast_sidecar_holding']).toBe(1);
  operator.answer(terminatingWith(0));
  await Promise.all(hooks.map(({ released }) => released));
  const after = await read();
  expect(after).toMatchObject({
    holdfast_sidecar_holding: 0,
    'holdfast_sidecar_releases_total{reason="DrainComplete"}': 2,
    'holdfast_sidecar_sessions{source="Proxy"}': 0,
  });
  expect(after['holdfast_sidecar_operator_errors_total']).toBeGreaterThanOrEqual(1);
});
