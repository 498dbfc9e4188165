import { describe, expect, test } from '@jest/globals';
import type { SessionSource } from '../../../src/wire/messages.ts';
import { terminatingWith } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';
import { createRig } from './rig.ts';

const { operatorOn, sidecarOf } = createRig();
const killAtMs = Date.now() + 3_600_000;
const statusWith = (sessions: number) => terminatingWith(sessions, killAtMs);

async function holdingOperator(options?: { cutAfterMs?: number }) {
  const operator = await operatorOn();
  operator.holdRequests(options);
  operator.answer(statusWith(1));
  return operator;
}

describe('a hold whose pod is busy', () => {
  test('asks twice, and then waits for the change that ends it', async () => {
    const operator = await holdingOperator();
    const sidecar = await sidecarOf(operator, { policy: { quietPeriodMs: 0 } });
    const hook = callPreStop(sidecar.port);
    await operator.asked(2);
    expect(operator.waits).toEqual([25_000]);
    operator.answer(statusWith(0));
    expect(await hook.released).toBe('DrainComplete');
    expect(operator.waits).toHaveLength(1);
  });

  test('waits no longer than the quiet period once it is quiet, and is released by a fresh status', async () => {
    const operator = await holdingOperator();
    const sidecar = await sidecarOf(operator, { policy: { quietPeriodMs: 800 } });
    const hook = callPreStop(sidecar.port);
    await operator.asked(2);
    operator.answer(statusWith(0));
    await operator.asked(1);
    expect(operator.waits.at(-1)).toBeLessThanOrEqual(800);
    expect(operator.waits.at(-1)).toBeGreaterThan(0);
    expect(await hook.released).toBe('DrainComplete');
  });

  test('waits for a shorter time after each wait that is cut, and does not lose the pod', async () => {
    const operator = await holdingOperator({ cutAfterMs: 20 });
    const sidecar = await sidecarOf(operator, { policy: { quietPeriodMs: 0 } });
    const hook = callPreStop(sidecar.port);
    await sidecar.logged('OperatorReachable', 3);
    expect(operator.waits.slice(0, 3)).toEqual([25_000, 12_500, 6250]);
    expect(hook.reason).toBeUndefined();
    operator.answer(statusWith(0));
    expect(await hook.released).toBe('DrainComplete');
  });

  test('asks the other replica at once when the one at which it waits ends', async () => {
    const first = await holdingOperator();
    const other = await operatorOn('127.0.0.2', first.port);
    other.answer(statusWith(0));
    const sidecar = await sidecarOf(first, { addresses: ['127.0.0.1', '127.0.0.2'], policy: { quietPeriodMs: 0 } });
    const hook = callPreStop(sidecar.port);
    await first.asked(2);
    await first.close();
    expect(await hook.released).toBe('DrainComplete');
  });
});

describe('sessions that are counted in the pod', () => {
  test('begin and end the quiet period while the question to the operator waits', async () => {
    const operator = await holdingOperator();
    operator.answer(statusWith(0));
    let here: SessionSource = { type: 'Connections', known: true, sessions: 2 };
    const sidecar = await sidecarOf(operator, {
      policy: { sources: ['Proxy', 'Connections'], quietPeriodMs: 700 },
      countSources: () => Promise.resolve([here]),
    });
    const hook = callPreStop(sidecar.port);
    await operator.asked(2);
    expect(operator.waits).toEqual([25_000]);
    here = { type: 'Connections', known: true, sessions: 0 };
    await sidecar.logged('EvidenceChanged', 2);
    here = { type: 'Connections', known: true, sessions: 1 };
    await sidecar.logged('EvidenceChanged', 3);
    here = { type: 'Connections', known: true, sessions: 0 };
    const zeroAt = Date.now();
    expect(await hook.released).toBe('DrainComplete');
    expect(Date.now() - zeroAt).toBeGreaterThanOrEqual(700);
    expect(sidecar.counters.operatorErrors).toBe(0);
  });
});
