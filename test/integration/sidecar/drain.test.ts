import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { SessionSource } from '../../../src/wire/messages.ts';
import { createCertificates } from '../../../tools/demo/certificate.ts';
import { freePort } from '../../support/free-port.ts';
import { endsWithin } from '../../support/running-time.ts';
import { terminatingWith } from './fake-operator.ts';
import type { Behaviour } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';
import { createRig, quick, serverName } from './rig.ts';

const { operatorOn, sidecarOf, tokenFile } = createRig();

describe('a preStop hook', () => {
  test('is held while sessions live, and released after they have ended and the quiet period has passed', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(2));
    const sidecar = await sidecarOf(operator);
    const hook = callPreStop(sidecar.port);
    await operator.asked(3);
    expect(hook.reason).toBeUndefined();
    const zeroAt = Date.now();
    operator.answer(terminatingWith(0));
    expect(await hook.released).toBe('DrainComplete');
    expect(hook.status).toBe(200);
    expect(Date.now() - zeroAt).toBeGreaterThanOrEqual(quick.quietPeriodMs);
    expect(await operator.summary).toMatchObject({ reason: 'DrainComplete', sessionsAtStart: 2, sessionsCut: 0 });
    expect([...operator.tokens]).toEqual(['Bearer first-token']);
  });

  test('of a container that restarts is released at once, and the next one is another hold', async () => {
    const operator = await operatorOn();
    operator.answer({ terminating: false });
    const sidecar = await sidecarOf(operator);
    expect(await callPreStop(sidecar.port).released).toBe('NotTerminating');
    operator.answer(terminatingWith(1));
    const real = callPreStop(sidecar.port);
    await operator.asked(2);
    expect(real.reason).toBeUndefined();
  });

  test.each<[string, Behaviour]>([
    ['responds with an error', { status: 500 }],
    ['rejects the token', { status: 401 }],
    ['responds with invalid JSON', { body: 'sorry' }],
    ['responds with incomplete JSON', { body: '{"terminating":true}' }],
    [
      'sends an invalid number of sessions',
      { body: '{"terminating":true,"killAtMs":9e15,"sources":[{"type":"Proxy","known":true,"sessions":null}]}' },
    ],
    [
      'sends an unknown session source',
      { body: '{"terminating":true,"killAtMs":9e15,"sources":[{"type":"Tea","known":true,"sessions":0}]}' },
    ],
  ])('is held while the operator %s', async (_, bad) => {
    const operator = await operatorOn();
    operator.answer(bad);
    const sidecar = await sidecarOf(operator);
    const hook = callPreStop(sidecar.port);
    await operator.asked(4);
    expect(hook.reason).toBeUndefined();
    operator.answer(terminatingWith(0));
    expect(await hook.released).toBe('DrainComplete');
  });

  test('is held while the operator is unavailable, and continues when it is back', async () => {
    const first = await operatorOn('127.0.0.1', await freePort());
    first.answer(terminatingWith(0));
    const sidecar = await sidecarOf(first, { policy: { quietPeriodMs: 1500 } });
    const hook = callPreStop(sidecar.port);
    await first.asked(1);
    await first.close();
    // Unknown → Quiet → Unknown.
    await sidecar.logged('EvidenceChanged', 2);
    expect(hook.reason).toBeUndefined();
    const second = await operatorOn('127.0.0.1', first.port);
    const backAt = Date.now();
    second.answer(terminatingWith(0));
    expect(await hook.released).toBe('DrainComplete');
    // The number of sessions was unknown meanwhile, so the quiet period started again.
    expect(Date.now() - backAt).toBeGreaterThanOrEqual(1500);
  });

  test('is released at the deadline while the operator hangs, early enough for the shutdown margin', async () => {
    const operator = await operatorOn();
    const shutdownMarginMs = 10_000;
    const killAtMs = Date.now() + shutdownMarginMs + 2500;
    operator.holdRequests();
    operator.answer(terminatingWith(3, killAtMs));
    const sidecar = await sidecarOf(operator, { policy: { shutdownMarginMs } });
    const hook = callPreStop(sidecar.port);
    await operator.asked(2);
    operator.answer({ hang: true });
    expect(await hook.released).toBe('DrainDeadline');
    const leftMs = killAtMs - Date.now();
    expect(leftMs).toBeLessThanOrEqual(shutdownMarginMs);
    // The sidecar allows the request to wait for a change for 27 s.
    expect(leftMs).toBeGreaterThan(shutdownMarginMs / 2);
  });

  test('of a second container joins the first, and both are released together', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(1));
    const sidecar = await sidecarOf(operator);
    const first = callPreStop(sidecar.port);
    await operator.asked(1);
    const second = callPreStop(sidecar.port);
    await operator.asked(2);
    expect([first.reason, second.reason]).toEqual([undefined, undefined]);
    operator.answer(terminatingWith(0));
    expect(await Promise.all([first.released, second.released])).toEqual(['DrainComplete', 'DrainComplete']);
    expect(await callPreStop(sidecar.port).released).toBe('DrainComplete');
    expect(sidecar.events.filter((event) => event === 'HoldStarted')).toHaveLength(1);
  });

  test('that the kubelet abandons starts no new hold if the pod is known to terminate, and otherwise ends its hold', async () => {
    const operator = await operatorOn();
    operator.answer({ status: 500 });
    const sidecar = await sidecarOf(operator);
    const restart = callPreStop(sidecar.port);
    await operator.asked(1);
    restart.disconnect();
    await sidecar.logged('HoldAbandoned', 1);
    operator.answer(terminatingWith(1));
    const real = callPreStop(sidecar.port);
    await operator.asked(2);
    real.disconnect();
    await operator.asked(2);
    operator.answer(terminatingWith(0));
    expect(await callPreStop(sidecar.port).released).toBe('DrainComplete');
    expect(sidecar.events.filter((event) => event === 'HoldStarted')).toHaveLength(2);
  });
});

describe('the replicas of the operator', () => {
  test('are tried in turn, so one that dies costs no request', async () => {
    const dying = await operatorOn('127.0.0.1');
    const other = await operatorOn('127.0.0.2', dying.port);
    dying.answer(terminatingWith(1));
    other.answer(terminatingWith(1));
    const sidecar = await sidecarOf(dying, { addresses: ['127.0.0.1', '127.0.0.2'] });
    callPreStop(sidecar.port);
    await dying.asked(2);
    await dying.close();
    await other.asked(2);
    expect(sidecar.drain.view().state?.evidence).toEqual({ type: 'Busy', sessions: 1 });
    expect(sidecar.events.filter((event) => event === 'EvidenceChanged')).toHaveLength(1);
  });

  test('count as unknown, not zero, with a certificate of another authority', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    const otherAuthority = await createCertificates({ names: [serverName] });
    const sidecar = await sidecarOf(operator, {
      ca: otherAuthority.caPem,
      policy: { drainTimeoutMs: 1500, quietPeriodMs: 0 },
    });
    expect(await callPreStop(sidecar.port).released).toBe('DrainDeadline');
    expect(operator.tokens.size).toBe(0);
  });

  test('receive a renewed token at once', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(1));
    const sidecar = await sidecarOf(operator);
    callPreStop(sidecar.port);
    await operator.asked(1);
    await writeFile(tokenFile(), 'second-token\n');
    await operator.asked(2);
    await writeFile(tokenFile(), 'first-token\n');
    expect(operator.tokens).toContain('Bearer second-token');
  });
});

describe('session sources in the pod', () => {
  test('must be zero in addition to the proxies', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    let local: SessionSource = { type: 'Connections', known: true, sessions: 1 };
    const sidecar = await sidecarOf(operator, {
      policy: { sources: ['Proxy', 'Connections'], quietPeriodMs: 0 },
      countSources: () => Promise.resolve([local]),
    });
    const hook = callPreStop(sidecar.port);
    await operator.asked(4);
    expect(sidecar.drain.view().state?.evidence).toEqual({ type: 'Busy', sessions: 1 });
    local = { type: 'Connections', known: false, reason: 'unreadable' };
    await operator.asked(4);
    expect(hook.reason).toBeUndefined();
    local = { type: 'Connections', known: true, sessions: 0 };
    expect(await hook.released).toBe('DrainComplete');
  });

  test('are not counted for a container that only restarts', async () => {
    const operator = await operatorOn();
    operator.answer({ terminating: false });
    let counted = 0;
    const countSources = () => {
      counted += 1;
      return Promise.resolve([]);
    };
    const sidecar = await sidecarOf(operator, { policy: { sources: ['Application'] }, countSources });
    expect(await callPreStop(sidecar.port).released).toBe('NotTerminating');
    expect(counted).toBe(0);
  });
});

test('an internal error in a round of the drain loop is counted, and the hold and the next rounds continue', async () => {
  const operator = await operatorOn();
  operator.answer(terminatingWith(1));
  let rounds = 0;
  const sidecar = await sidecarOf(operator, {
    countSources() {
      rounds += 1;
      if (rounds <= 3) throw new Error('injected');
      return Promise.resolve([]);
    },
  });
  const hook = callPreStop(sidecar.port);
  await sidecar.logged('InternalError', 3);
  expect(hook.reason).toBeUndefined();
  operator.answer(terminatingWith(0));
  expect(await hook.released).toBe('DrainComplete');
  expect(sidecar.counters.faults.poll).toBe(3);
});

test('a drain that an eviction cuts short is reported to the operator as DrainCutShort', async () => {
  const operator = await operatorOn();
  operator.answer(terminatingWith(1));
  const sidecar = await sidecarOf(operator);
  const hook = callPreStop(sidecar.port);
  await operator.asked(2);
  operator.answer({
    terminating: true,
    killAtMs: Date.now() + 1200,
    disruption: 'EvictionByEvictionAPI',
    sources: [{ type: 'Proxy', known: true, sessions: 1 }],
  });
  expect(await hook.released).toBe('DrainCutShort');
  expect(await operator.summary).toMatchObject({
    reason: 'DrainCutShort',
    sessionsCut: 1,
    message: expect.stringContaining('the pod was evicted'),
  });
});

describe('the summary of a drain', () => {
  test('is sent until the operator accepts it, and the hook does not wait for it', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    operator.refuseSummaries(3);
    const sidecar = await sidecarOf(operator);
    expect(await callPreStop(sidecar.port).released).toBe('DrainComplete');
    expect(await operator.summary).toMatchObject({ reason: 'DrainComplete' });
    expect(sidecar.events.filter((event) => event === 'ReportFailed')).toHaveLength(1);
    // Nor does the exit of the sidecar, once it is accepted.
    expect(await endsWithin(500, sidecar.drain.stop())).toBe(true);
  });

  test('delays the exit of the sidecar for at most a second', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    operator.refuseSummaries(Infinity);
    const sidecar = await sidecarOf(operator);
    expect(await callPreStop(sidecar.port).released).toBe('DrainComplete');
    await sidecar.logged('ReportFailed', 1);
    const sinceMs = Date.now();
    await sidecar.drain.stop();
    expect(Date.now() - sinceMs).toBeLessThan(2500);
  });
});
