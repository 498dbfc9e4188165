import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createDrain } from '../../../sidecar/loop.ts';
import { createOperatorClient } from '../../../sidecar/operator-client.ts';
import { createSidecarServer } from '../../../sidecar/server.ts';
import { operatorNamespace, operatorService } from '../../../src/core/names/names.ts';
import { createCertificates } from '../../support/certificates.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { startFakeOperator, terminatingWith } from './fake-operator.ts';
import type { Behaviour, FakeOperator } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';

const serverName = `${operatorService}.${operatorNamespace}.svc`;
const quick = { drainTimeoutMs: 60_000, quietPeriodMs: 300, shutdownMarginMs: 1000 };

let certificates: TestCertificates;
let folder: string;
let tokenFile: string;
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  certificates = await createCertificates({ names: [serverName] });
  folder = await mkdtemp(join(tmpdir(), 'holdfast-sidecar-'));
  tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'first-token\n');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function operatorOn(host = '127.0.0.1', port = 0): Promise<FakeOperator> {
  const operator = await startFakeOperator(certificates, { host, port });
  cleanUps.push(() => operator.close());
  return operator;
}

type Setup = { addresses?: string[]; limits?: Partial<typeof quick>; ca?: string };

/** Events as they were logged. */
function createEventLog() {
  const events: string[] = [];
  const waiting = new Set<() => void>();
  return {
    events,
    log: (event: string): void => {
      events.push(event);
      for (const check of waiting) check();
    },
    /** Resolves when the event has been logged as often. */
    logged: (event: string, times: number): Promise<void> =>
      new Promise((resolve) => {
        const check = () => {
          if (events.filter((one) => one === event).length < times) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** A sidecar in this process, over real sockets. */
async function sidecarOf(operator: { port: number }, { addresses = ['127.0.0.1'], limits = {}, ca = certificates.caPem }: Setup = {}) {
  const { events, log, logged } = createEventLog();
  const client = createOperatorClient({ host: 'discovery', port: operator.port, serverName, ca, tokenFile }, () => Promise.resolve(addresses));
  const drain = createDrain({ limits: { ...quick, ...limits }, operator: client, nowMs: Date.now, log, pollIntervalMs: 50 });
  const server = createSidecarServer(drain);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanUps.push(async () => {
    await drain.stop();
    client.close();
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  return { port: (server.address() as AddressInfo).port, events, logged, drain };
}

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
    ['counts something that is no number', { body: '{"terminating":true,"killAtMs":9e15,"sources":[{"type":"Proxy","known":true,"sessions":null}]}' }],
    ['counts with a source that this sidecar does not know', { body: '{"terminating":true,"killAtMs":9e15,"sources":[{"type":"Tea","known":true,"sessions":0}]}' }],
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
    const sidecar = await sidecarOf(first, { limits: { quietPeriodMs: 1500 } });
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
    const sidecar = await sidecarOf(operator, { ca: stranger.caPem, limits: { drainTimeoutMs: 1500, quietPeriodMs: 0 } });
    expect(await callPreStop(sidecar.port).answered).toBe('DrainDeadline');
    expect(operator.tokens.size).toBe(0);
  });

  test('get the token that the kubelet has just renewed', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(1));
    const sidecar = await sidecarOf(operator);
    callPreStop(sidecar.port);
    await operator.asked(1);
    await writeFile(tokenFile, 'second-token\n');
    await operator.asked(2);
    await writeFile(tokenFile, 'first-token\n');
    expect(operator.tokens).toContain('Bearer second-token');
  });
});
