import { expect, test } from '@jest/globals';
import { createBodyGate } from '../../../../src/operator/https/body-gate.ts';

const never = new AbortController().signal;
const limits = { perSourceBytes: 10, totalBytes: 25 };

/** Reserves, and shows whether it has been granted. */
function reserve(gate: ReturnType<typeof createBodyGate>, source: string, bytes: number, signal = never) {
  const state = { granted: false, release: () => undefined as void };
  void gate.reserve(source, bytes, signal).then(
    (release) => Object.assign(state, { granted: true, release }),
    () => undefined,
  );
  return state;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a body waits until earlier bodies of its source have been read, and others do not wait for it', async () => {
  const gate = createBodyGate(limits);
  const [first, second, other] = [reserve(gate, 'evil', 8), reserve(gate, 'evil', 8), reserve(gate, 'api', 8)];
  await settle();
  expect([first.granted, second.granted, other.granted]).toEqual([true, false, true]);
  first.release();
  await settle();
  expect(second.granted).toBe(true);
});

test('all bodies together stay within the total', async () => {
  const gate = createBodyGate(limits);
  const bodies = ['a', 'b', 'c'].map((source) => reserve(gate, source, 10));
  await settle();
  expect(bodies.map(({ granted }) => granted)).toEqual([true, true, false]);
  bodies[0]?.release();
  bodies[0]?.release();
  await settle();
  expect(bodies[2]?.granted).toBe(true);
});

test('a client that disconnects while it waits leaves its place', async () => {
  const gate = createBodyGate(limits);
  const first = reserve(gate, 'a', 10);
  const leaving = new AbortController();
  const gone = reserve(gate, 'a', 10, leaving.signal);
  const last = reserve(gate, 'a', 10);
  await settle();
  leaving.abort();
  first.release();
  await settle();
  expect([gone.granted, last.granted]).toEqual([false, true]);
});
