/** The proxies of the comparison, as far as this machine has them, and the load generators of the benchmark itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { cleanUp } from '../../../bench/measure/cleanup.ts';
import { issueCertificate } from '../../../bench/speed/certificate.ts';
import { measureLatency } from '../../../bench/speed/latency.ts';
import { messageLoad } from '../../../bench/speed/load/message-load.ts';
import type { Peer, Protocol } from '../../../bench/speed/peers/peer.ts';
import { findPeers } from '../../../bench/speed/peers/peers.ts';
import { randomFrom } from '../../../bench/speed/random.ts';
import { startStage, type StagePlace } from '../../../bench/speed/stage.ts';

// Each test starts several programs on one core, which is slow on a busy machine.
jest.setTimeout(180_000);

let place: StagePlace;
let peers: readonly Peer[];
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-test-'));
  place = { folder, certificate: await issueCertificate(folder), sessions: 32, progress: () => {} };
  // Holdfast is measured as it is built for the image; how it keeps sessions is what all other tests are about.
  peers = findPeers({ folder, dist: '' }).peers.filter(({ name }) => !name.startsWith('Holdfast'));
});
afterEach(cleanUp);
afterAll(() => rmSync(place.folder, { recursive: true }));

const start = (protocol: Protocol, names?: readonly string[]) =>
  startStage(
    protocol,
    peers.filter(({ name }) => names === undefined || names.includes(name)),
    place,
  );

test.each(['http', 'https', 'http2', 'grpc'] as const)(
  'every proxy keeps sessions on their pods: %s',
  async (protocol) => {
    const { ready, skipped } = await start(protocol);
    expect(skipped).toEqual([]);
    expect(ready.map(({ name }) => name)).toEqual(
      peers.filter(({ protocols }) => protocols.includes(protocol)).map(({ name }) => name),
    );
  },
);

test('a proxy whose sessions move is left out, with the reason', async () => {
  const passThrough = peers.find(({ name }) => name === 'net, bytes only');
  if (passThrough === undefined) throw new Error('there is no pass-through');
  const { ready, skipped } = await startStage('http', [{ ...passThrough, name: 'loose', sticky: true }], place);
  expect(ready).toEqual([]);
  expect(skipped).toEqual(['loose in http, because sessions do not stick, because all 32 sessions are on one pod.']);
});

describe('messages', () => {
  test.each([
    { protocol: 'http', kind: 'websocket', name: 'node:http' },
    { protocol: 'grpc', kind: 'grpc', name: 'net, bytes only' },
  ] as const)('$kind: each answered one is counted', async ({ protocol, kind, name }) => {
    const { ready } = await start(protocol, [name]);
    const [proxy] = ready;
    if (proxy === undefined) throw new Error(`${name} is not ready`);
    let starts = 0;
    const load = messageLoad({ kind, connections: 2, streams: 2 });
    const { count, seconds } = await load(proxy.target, { seconds: 0.2, started: () => (starts += 1) });
    expect(starts).toBe(1);
    expect(count).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThanOrEqual(0.19);
  });
});

describe('latency', () => {
  test('every scheduled request is answered, through the proxy and without it', async () => {
    const { ready, direct } = await start('http', ['node:http']);
    const targets = new Map([['direct', direct], ...ready.map(({ name, target }) => [name, target] as const)]);
    const lines: string[] = [];
    const progress = (text: string) => lines.push(text);
    await measureLatency(targets, { rounds: 1, seconds: 0.5, random: randomFrom(1), progress, rate: 200 });
    // On a busy machine the generator is late, and its figures are refused.
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^latency, round 1 of 1, direct: p99 \d+\.\d\d ms/),
      expect.stringMatching(/^latency, round 1 of 1, node:http: p99 \d+\.\d\d ms/),
    ]);
  });
});
