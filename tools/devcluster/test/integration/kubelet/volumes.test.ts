import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pod } from '../../../kubelet/pod.ts';
import { createPodVolumes } from '../../../kubelet/volumes.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import { createManualClock } from '../../../../../test/support/manual-clock.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-volumes-'));
});
afterAll(() => rm(folder, { recursive: true }));

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test('a token is renewed after four fifths of its lifetime, and a failure is retried', async () => {
  const clock = createManualClock();
  let asked = 0;
  const tokens = {
    async create() {
      asked += 1;
      if (asked === 2) throw new Error('not now');
      return { token: `token-${asked}`, expiresAtMs: clock.nowMs() + 1_000_000 };
    },
  };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'cart', uid: 'u1' },
    spec: {
      containers: [],
      volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    },
  };
  const volumes = createPodVolumes(
    folder,
    { podIp: '127.64.0.1', read: () => undefined, tokens },
    { clock, log: silent },
  );
  const read = () => readFileSync(join(folder, 'token/token'), 'utf8');
  await volumes.ready(pod);
  await clock.advance(799_999);
  expect(await readFile(join(folder, 'token/token'), 'utf8')).toBe('token-1');
  await clock.advance(1);
  await eventually(
    () => asked,
    (count) => count === 2,
  );
  await eventually(
    () => clock.pending(),
    (timers) => timers === 1,
  );
  await clock.advance(10_000);
  await eventually(read, (token) => token === 'token-3');
  await eventually(
    () => clock.pending(),
    (timers) => timers === 1,
  );
  volumes.close();
  expect(clock.pending()).toBe(0);
});
