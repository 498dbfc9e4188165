/** Session keys are rotated step by step while clients send requests through two real proxies, one of which receives each table later. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { planRotation, type RotationStep } from '../../../src/core/keys/rotation.ts';
import {
  buildKeyRingSecret,
  parseKeyRing,
  readRotation,
  writeStep,
  type StoredRing,
} from '../../../src/core/keys/key-ring-secret.ts';
import type { KeyRing } from '../../../src/wire/routing-table.ts';
import type { Proxy } from '../../../src/dataplane/proxy.ts';
import { createCertificates, type Certificates } from '../../../tools/demo/certificate.ts';
import { eventually } from '../../support/eventually.ts';
import { operatorName, startFakeReplica, type FakeReplica } from '../../support/fake-operator.ts';
import { listenLocally, startFollowingProxy } from '../../support/proxy-process.ts';
import { backendName, keyOf, proxyTable, type ShortEndpoint } from '../../support/proxy-table.ts';

const certificates: Certificates = await createCertificates({ names: [operatorName] });
const limits = { idleTimeoutMs: 60_000 };
const clientCount = 12;

let folder: string;
const started: { stop(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keys-'));
  await writeFile(path.join(folder, 'token'), 'token');
});

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
  await rm(folder, { recursive: true });
});

/** An application that responds with its name. */
async function startApp(pod: string): Promise<ShortEndpoint> {
  const server = createServer((_request, response) => response.end(pod));
  const listening = await listenLocally(server);
  started.push(listening);
  return { pod, port: listening.port };
}

type RunningProxy = { proxy: Proxy; replica: FakeReplica; url: () => string };

/** A proxy and the replica of the operator that it follows. */
async function runProxy(): Promise<RunningProxy> {
  const replica = await startFakeReplica(certificates, { address: '127.0.0.1' });
  started.push(replica);
  const proxy = await startFollowingProxy(replica, {
    caPem: certificates.caPem,
    tokenFile: path.join(folder, 'token'),
    shutdownGraceMs: 100,
  });
  started.push(proxy);
  return { proxy, replica, url: () => `http://127.0.0.1:${proxy.listeners.boundPort(80)}/` };
}

/** Clients that send requests without a pause, alternating between the proxies, and keep their cookie as a browser does. */
function startClients(proxies: readonly RunningProxy[]) {
  const clients = Array.from({ length: clientCount }, () => ({ pods: new Set<string>(), requests: 0 }));
  const stopping = new AbortController();
  const runs = clients.map(async (client, number) => {
    let cookie = '';
    while (!stopping.signal.aborted) {
      const proxy = proxies[(number + client.requests) % proxies.length];
      const response = await fetch(proxy?.url() ?? '', { headers: cookie === '' ? {} : { cookie } });
      client.pods.add(`${response.status} ${await response.text()}`);
      cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
      client.requests += 1;
      await delay(10);
    }
  });
  return {
    clients,
    /** Resolves after two more requests of every client, so that its token is of the key that signs now. */
    async askTwice(): Promise<void> {
      const before = clients.map(({ requests }) => requests);
      await eventually(
        () => clients.every(({ requests }, index) => requests >= (before[index] ?? 0) + 2),
        Boolean,
        30_000,
      );
    },
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(runs);
    },
  };
}

/** The operator: the stored ring, published to the proxies and rotated by their reports, on a fast clock. */
function createRing(endpoints: ShortEndpoint[], proxies: readonly RunningProxy[]) {
  let aheadMs = 0;
  let revision = 0;
  let published: Promise<unknown> = Promise.resolve();
  const built = buildKeyRingSecret('holdfast-system', { current: 1, keys: [keyOf(1)] });
  let stored: StoredRing = {
    metadata: { ...built.metadata, creationTimestamp: new Date().toISOString() },
    data: built['data'] as Record<string, string>,
  };

  function ring(): KeyRing {
    const parsed = parseKeyRing(stored.data ?? {});
    if (parsed.kind === 'damaged') throw new Error(parsed.message);
    return parsed.ring;
  }

  /** The first proxy receives the ring at once, the others after a delay. */
  function publish(pause: () => Promise<unknown>): void {
    revision += 1;
    const update = { revision, table: proxyTable({ endpoints, limits, keyRing: ring() }) };
    const [first, ...others] = proxies;
    first?.replica.sendTable(update.revision, update.table);
    published = others.reduce(
      (before, { replica }) => before.then(pause).then(() => replica.sendTable(update.revision, update.table)),
      published,
    );
  }

  return {
    publish,
    untilPublished: () => published,
    pass: (ms: number) => (aheadMs += ms),
    /** The next step, taken as soon as the proxies' reports allow it. */
    async step(requested: boolean, pause: () => Promise<unknown>): Promise<RotationStep> {
      for (;;) {
        const nowMs = Date.now() + aheadMs;
        const known = proxies.map(({ replica }, index) => {
          // A report of changes names key rings only when they have changed.
          const reported = replica.reports.findLast(({ keyRings }) => keyRings)?.keyRings?.[backendName];
          return { uid: String(index), ...(reported && { ring: reported }) };
        });
        const plan = planRotation(
          { state: readRotation(stored, ring()), proxies: known, tokens: [{ limits, renewsTokens: true }], requested },
          nowMs,
        );
        if (plan.kind === 'step') {
          stored = writeStep(stored, plan.step, {
            newKey: keyOf(ring().current + 1).secret,
            nowMs,
          });
          publish(pause);
          return plan.step;
        }
        await delay(10);
      }
    },
  };
}

test('no session is lost while the keys change twice', async () => {
  const endpoints = [await startApp('a'), await startApp('b')];
  const proxies = [await runProxy(), await runProxy()];
  const ring = createRing(endpoints, proxies);
  ring.publish(() => Promise.resolve());
  for (const { proxy } of proxies) {
    await eventually(
      () => proxy.listeners.boundPort(80),
      (port) => port !== undefined,
    );
  }
  const { clients, askTwice, stop } = startClients(proxies);
  await askTwice();

  // The second proxy receives each step only after every client has used both proxies since.
  const steps: string[] = [];
  for (let rotation = 0; rotation < 2; rotation += 1) {
    steps.push((await ring.step(true, askTwice)).kind);
    ring.pass(60_000);
    steps.push((await ring.step(false, askTwice)).kind, (await ring.step(false, askTwice)).kind);
    await askTwice();
    ring.pass(24 * 3_600_000);
    steps.push((await ring.step(false, askTwice)).kind);
  }
  await ring.untilPublished();
  await askTwice();
  await stop();

  const oneRotation = ['Added', 'Promoted', 'Settled', 'Retired'];
  expect(steps).toEqual([...oneRotation, ...oneRotation]);
  expect(proxies.map(({ proxy }) => proxy.router.counters.badTokens.UnknownKey)).toEqual([0, 0]);
  const begun = proxies.map(({ proxy }) => proxy.router.counters.backends.get(backendName)?.started ?? 0);
  expect(begun.reduce((sum, count) => sum + count)).toBe(clientCount);
  expect(clients.map(({ pods }) => pods.size)).toEqual(clients.map(() => 1));
  expect([...new Set(clients.flatMap(({ pods }) => [...pods]))].toSorted()).toEqual(['200 a', '200 b']);
}, 60_000);
