import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { SessionSource } from '../../../src/wire/messages.ts';
import { createCertificates } from '../../support/certificates.ts';
import { terminatingWith } from './fake-operator.ts';
import type { Behaviour } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';
import { createRig, quick, serverName } from './rig.ts';

const { operatorOn, sidecarOf, tokenFile } = createRig();

describe('a hook', () => {
  test('is held while sessions live, and answered when they have ended and it stayed quiet', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(2));
    const sidecar = await sidecarOf(operator);
    const hook = callPreStop(sidecar.port);
    await operator.asked(3);
    expect(hook.reason).toBeUndefined();
    const zeroAt = Date.now();
    operator.answer(terminatingWith(0));
    expect(await hook.answered).toBe('DrainComplete');
    expect(hook.status).toBe(200);
    expect(Date.now() - zeroAt).toBeGreaterThanOrEqual(quick.quietPeriodMs);
    expect(await operator.summary).toMatchObject({ reason: 'DrainComplete', sessionsAtStart: 2, sessionsCut: 0 });
    expect([...operator.tokens]).toEqual(['Bearer first-token']);
  });

  test('of a container that restarts is answered at once, and the next one is a hold of its own', async () => {
    const operator = await operatorOn();
    operator.answer({ terminating: false });
    const sidecar = await sidecarOf(operator);
    expect(await callPreStop(sidecar.port).answered).toBe('NotTerminating');
    operator.answer(terminatingWith(1));
    const real = callPreStop(sidecar.port);
    await operator.asked(2);
    expect(real.reason).toBeUndefined();
  });

  test.each<[string, Behaviour]>([
    ['answers an error', { status: 500 }],
    ['refuses the token', { status: 401 }],
    ['answers what is no JSON', { body: 'sorry' }],
    ['answers JSON without the facts', { body: '{"terminating":true}' }],
    [
      'counts something that is no number',
      { body: '{"terminating":true,"killAtMs":9e15,"sources":[{"type":"Proxy","known":true,"sessions":null}]}' },
    ],
    [
      'counts with a source that this sidecar does not know',
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
    expect(await hook.answered).toBe('DrainComplete');
  });

  test('is held while the operator is away, and goes on where it comes back', async () => {
    const first = await operatorOn();
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
    expect(await hook.answered).toBe('DrainComplete');
    // Nobody knew what happened meanwhile, so the quiet period began anew.
    expect(Date.now() - backAt).toBeGreaterThanOrEqual(1500);
  });

  test('is answered at the deadline though the operator hangs, early enough for the margin of the app', async () => {
    const operator = await operatorOn();
    const killAtMs = Date.now() + 2500;
    operator.answer(terminatingWith(3, killAtMs));
    const sidecar = await sidecarOf(operator);
    const hook = callPreStop(sidecar.port);
    await operator.asked(1);
    operator.answer({ hang: true });
    expect(await hook.answered).toBe('DrainDeadline');
    const leftMs = killAtMs - Date.now();
    expect(leftMs).toBeLessThanOrEqual(quick.shutdownMarginMs);
    expect(leftMs).toBeGreaterThan(quick.shutdownMarginMs - 500);
  });

  test('of a second container joins the first, and both are answered together', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(1));
    const sidecar = await sidecarOf(operator);
    const first = callPreStop(sidecar.port);
    await operator.asked(1);
    const second = callPreStop(sidecar.port);
    await operator.asked(2);
    expect([first.reason, second.reason]).toEqual([undefined, undefined]);
    operator.answer(terminatingWith(0));
    expect(await Promise.all([first.answered, second.answered])).toEqual(['DrainComplete', 'DrainComplete']);
    expect(await callPreStop(sidecar.port).answered).toBe('DrainComplete');
    expect(sidecar.events.filter((event) => event === 'HoldStarted')).toHaveLength(1);
  });

  test('that the kubelet gave up is not counted into the next hold, unless the pod is known to terminate', async () => {
    const operator = await operatorOn();
    operator.answer({ status: 500 });
    const sidecar = await sidecarOf(operator);
    const restart = callPreStop(sidecar.port);
    await operator.asked(1);
    restart.hangUp();
    await sidecar.logged('HoldAbandoned', 1);
    operator.answer(terminatingWith(1));
    const real = callPreStop(sidecar.port);
    await operator.asked(2);
    real.hangUp();
    await operator.asked(2);
    operator.answer(terminatingWith(0));
    expect(await callPreStop(sidecar.port).answered).toBe('DrainComplete');
    expect(sidecar.events.filter((event) => event === 'HoldStarted')).toHaveLength(2);
  });
});

describe('the replicas of the operator', () => {
  test('are tried in turn: one that dies costs no question', async () => {
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

  test('are unknown, not zero, when another authority vouches for them', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    const stranger = await createCertificates({ names: [serverName] });
    const sidecar = await sidecarOf(operator, {
      ca: stranger.caPem,
      policy: { drainTimeoutMs: 1500, quietPeriodMs: 0 },
    });
    expect(await callPreStop(sidecar.port).answered).toBe('DrainDeadline');
    expect(operator.tokens.size).toBe(0);
  });

  test('get the token that the kubelet has just renewed', async () => {
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

describe('sources in the pod', () => {
  test('must be zero too, beside those of the proxies', async () => {
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
    expect(await hook.answered).toBe('DrainComplete');
  });

  test('are not asked for a container that only restarts', async () => {
    const operator = await operatorOn();
    operator.answer({ terminating: false });
    let counted = 0;
    const countSources = () => {
      counted += 1;
      return Promise.resolve([]);
    };
    const sidecar = await sidecarOf(operator, { policy: { sources: ['Application'] }, countSources });
    expect(await callPreStop(sidecar.port).answered).toBe('NotTerminating');
    expect(counted).toBe(0);
  });
});

test('a drain that an eviction cuts short says so to the operator', async () => {
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
  expect(await hook.answered).toBe('DrainCutShort');
  expect(await operator.summary).toMatchObject({
    reason: 'DrainCutShort',
    sessionsCut: 1,
    message: expect.stringContaining('the pod was evicted'),
  });
});

describe('the report of a drain that ended', () => {
  test('is repeated until the operator takes it, and the hook does not wait for that', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    operator.refuseSummaries(3);
    const sidecar = await sidecarOf(operator);
    expect(await callPreStop(sidecar.port).answered).toBe('DrainComplete');
    expect(await operator.summary).toMatchObject({ reason: 'DrainComplete' });
    expect(sidecar.events.filter((event) => event === 'ReportFailed')).toHaveLength(1);
  });

  test('holds the sidecar up for a second at most once it has to go', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    operator.refuseSummaries(Infinity);
    const sidecar = await sidecarOf(operator);
    expect(await callPreStop(sidecar.port).answered).toBe('DrainComplete');
    await sidecar.logged('ReportFailed', 1);
    const sinceMs = Date.now();
    await sidecar.drain.stop();
    expect(Date.now() - sinceMs).toBeLessThan(2500);
  });
});
