import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../../../src/wire/messages.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { startDiscovery, type Discovery } from '../../../../src/dataplane/discovery/discovery.ts';
import { createLastKnownGood } from '../../../../src/dataplane/discovery/last-known-good.ts';
import { createProxyClient } from '../../../../src/wire/client/proxy-client.ts';
import { CountedEndpoints } from '../../../../src/dataplane/discovery/counted-endpoints.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createCertificates, type Certificates } from '../../../../tools/demo/certificate.ts';
import { eventually } from '../../../support/eventually.ts';
import { operatorName, startFakeReplica, type FakeReplica } from '../../../support/fake-operator.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { backendName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

const certificates: Certificates = await createCertificates({ names: [operatorName] });
const table = (...endpoints: ShortEndpoint[]) => proxyTable({ endpoints });
const podsOf = ({ backends }: RoutingTable) =>
  (backends[backendName]?.endpoints ?? []).map(({ pod, state }) => `${pod} ${state}`).join(', ');

let folder: string;
const started: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'discovery-'));
  await writeFile(path.join(folder, 'token'), 'token-1\n');
});

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
  await rm(folder, { recursive: true });
});

async function replica(address: string, port?: number): Promise<FakeReplica> {
  const fake = await startFakeReplica(certificates, { address, ...(port !== undefined && { port }) });
  started.push(fake);
  return fake;
}

type Proxy = {
  discovery: Discovery;
  pods: () => string;
  table: () => RoutingTable | undefined;
  swaps: string[];
  notices: string[];
  asOfMs: () => number;
  log: ReturnType<typeof createMemoryLogger>;
};
type ProxyOptions = {
  addresses: readonly string[] | (() => readonly string[]);
  port: number;
  ca?: string;
  stores?: boolean;
  silenceLimitMs?: number;
  whenApplied?: () => Promise<void> | undefined;
};

/** The discovery side of a proxy, which records tables and notices. */
function startProxy({
  addresses,
  port,
  ca = certificates.caPem,
  stores = false,
  silenceLimitMs = 5000,
  whenApplied = () => undefined,
}: ProxyOptions): Proxy {
  const log = createMemoryLogger();
  const swaps: string[] = [];
  const notices: string[] = [];
  let current: RoutingTable | undefined;
  const endpoints = new CountedEndpoints({ ofEndpoint: () => [], takeChanged: () => [] });
  let asOfMs = 0;
  const client = createProxyClient({
    port,
    serverName: operatorName,
    ca,
    tokenFile: path.join(folder, 'token'),
    silenceLimitMs,
  });
  const discovery = startDiscovery(
    {
      clock: systemClock,
      random: () => 0,
      log,
      client,
      resolve: () => Promise.resolve(typeof addresses === 'function' ? addresses() : addresses),
      lastKnownGood: stores
        ? createLastKnownGood(path.join(folder, 'table.json'), { clock: systemClock, log })
        : undefined,
    },
    {
      onTable(choice) {
        current = choice.table;
        asOfMs = choice.asOfMs;
        swaps.push(podsOf(choice.table));
      },
      onConfirmed: (confirmedMs) => (asOfMs = confirmedMs),
      draftReport(sequence) {
        if (current) endpoints.read(current, Date.now());
        return current && { head: { startedAtMs: 0, sequence, ended: [], seen: [] }, endpoints };
      },
      onEnded: (sessions) => notices.push(`ended ${sessions.join()}`),
      onConnected: () => undefined,
      onSeen: (sessions) => notices.push(`seen ${sessions.join()}`),
      onHandover: ({ from }) => notices.push(`handover of ${from}`),
      urgentChanges: () => swaps.length,
      whenApplied,
    },
    { resolveIntervalMs: 20, lastKnownGoodDelayMs: 50, backoff: { baseMs: 20, capMs: 100 } },
  );
  started.push(discovery);
  return {
    discovery,
    pods: () => swaps.at(-1) ?? 'none',
    table: () => current,
    swaps,
    notices,
    asOfMs: () => asOfMs,
    log,
  };
}

const both = ['127.0.0.1', '127.0.0.2'];

describe('a proxy with two operator replicas', () => {
  async function startBoth() {
    const first = await replica('127.0.0.1');
    const second = await replica('127.0.0.2', first.port);
    const proxy = startProxy({ addresses: both, port: first.port });
    await eventually(
      () => first.openStreams() + second.openStreams(),
      (streams) => streams === 2,
    );
    return { first, second, proxy };
  }

  test('uses the replica with the newer table, and the other one when it is gone', async () => {
    const { first, second, proxy } = await startBoth();
    first.sendTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    second.sendTable(11, table({ pod: 'a' }, { pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting, b Accepting');
    await second.stop();
    started.splice(started.indexOf(second), 1);
    // Its revision is that of the replica that is gone.
    first.sendTable(11, table({ pod: 'c' }));
    expect(await eventually(proxy.pods, (pods) => pods === 'c Accepting')).toBe('c Accepting');
  });

  test('applies a termination from either replica at once', async () => {
    const { first, second, proxy } = await startBoth();
    first.sendTable(10, table({ pod: 'a' }, { pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting, b Accepting');
    second.sendTable(9, table({ pod: 'a', state: 'Draining' }, { pod: 'b' }));
    expect(await eventually(proxy.pods, (pods) => pods.startsWith('a Draining'))).toBe('a Draining, b Accepting');
  });

  test('reports to both replicas, and acknowledges to each what it has sent once it routes by it', async () => {
    const { first, second, proxy } = await startBoth();
    first.sendTable(10, table({ pod: 'a' }));
    second.sendTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    first.sendTable(11, table({ pod: 'a', state: 'Draining' }));
    const nonces = [first, second].map((one) => () => one.reports.at(-1)?.acknowledged?.nonce);
    expect(
      await eventually(
        () => nonces.map((nonce) => nonce()).join(),
        (last) => last === '2,1',
      ),
    ).toBe('2,1');
    expect(proxy.pods()).toBe('a Draining');
    const sequences = first.reports.map(({ sequence }: Report) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
  });

  test('updates the date of the table by heartbeats, without a new table', async () => {
    const { first, proxy } = await startBoth();
    first.sendTable(10, table({ pod: 'a' }), 1000);
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    first.beat(10, 7000);
    await eventually(proxy.asOfMs, (asOfMs) => asOfMs === 7000);
    expect(proxy.swaps).toEqual(['a Accepting']);
  });
});

describe('a proxy with one operator replica', () => {
  test('sends a report at least once a second without changes', async () => {
    const only = await replica('127.0.0.1');
    startProxy({ addresses: ['127.0.0.1'], port: only.port });
    only.sendTable(10, table({ pod: 'a' }));
    await eventually(
      () => only.reports.length,
      (count) => count >= 1,
    );
    const before = only.reports.length;
    const startMs = Date.now();
    await eventually(
      () => only.reports.length,
      (count) => count >= before + 2,
    );
    expect(Date.now() - startMs).toBeLessThan(3500);
  });

  test('acknowledges what every process of it applies, once the last one has, and not on another stream', async () => {
    const only = await replica('127.0.0.1');
    const applied: PromiseWithResolvers<void>[] = [];
    const whenApplied = () => {
      applied.push(Promise.withResolvers<void>());
      return applied.at(-1)?.promise;
    };
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port, whenApplied });
    const nonce = () => only.reports.at(-1)?.acknowledged?.nonce;
    only.sendTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    await eventually(
      () => only.reports.length,
      (count) => count >= 2,
    );
    expect(nonce()).toBeUndefined();
    applied[0]?.resolve();
    await eventually(nonce, (last) => last === 1);
    only.sendTable(11, table({ pod: 'a', state: 'Draining' }));
    await eventually(proxy.pods, (pods) => pods === 'a Draining');
    only.breakStreams();
    const before = only.reports.length;
    await eventually(
      () => only.openStreams(),
      (streams) => streams === 1,
    );
    applied[1]?.resolve();
    await eventually(
      () => only.reports.length,
      (count) => count > before + 2,
    );
    expect(nonce()).toBeUndefined();
  });

  test('receives the notices of other proxies about single sessions', async () => {
    const only = await replica('127.0.0.1');
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    only.sendTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    for (const type of ['ended', 'seen'] as const) {
      only.send(JSON.stringify({ type, replica: 'x', sessions: ['00000000deadbeef'] }));
    }
    expect(
      await eventually(
        () => proxy.notices,
        ({ length }) => length === 2,
      ),
    ).toEqual(['ended 00000000deadbeef', 'seen 00000000deadbeef']);
    expect(proxy.pods()).toBe('a Accepting');
  });

  test('reconnects after the stream failed, with the current token', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    await writeFile(path.join(folder, 'token'), 'token-2');
    only.sendTable(11, table({ pod: 'b' }));
    only.breakStreams();
    await eventually(
      () => only.tokens.at(-1),
      (token) => token === 'Bearer token-2',
    );
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
    expect(only.tokens[0]).toBe('Bearer token-1');
  });

  test('keeps its table while it is rejected, and applies the next one afterwards', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    only.answerWith(403);
    only.breakStreams();
    await eventually(
      () => proxy.log.lines().filter(({ message }) => message === 'stream of resources failed').length,
      (failures) => failures >= 3,
    );
    expect(proxy.pods()).toBe('a Accepting');
    expect(JSON.stringify(proxy.log.lines())).toContain('the operator responded with 403');
    only.answerWith(200);
    only.sendTable(11, table({ pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
  });

  test.each([
    { sentence: 'that is not JSON', line: '{"type":"delta",' },
    {
      sentence: 'with an invalid delta',
      line: JSON.stringify({ type: 'delta', replica: 'x', revision: '99', asOfMs: 1, nonce: 9, delta: { set: 3 } }),
    },
    {
      sentence: 'with a delta of endpoints that it does not have',
      line: JSON.stringify({
        type: 'delta',
        replica: 'x',
        revision: '99',
        asOfMs: 1,
        nonce: 9,
        delta: { endpoints: [{ backend: backendName, from: 'other', version: 'next', remove: ['uid-a'] }] },
      }),
    },
    {
      sentence: 'with invalid session ids',
      line: JSON.stringify({ type: 'seen', replica: 'x', sessions: ['1'] }),
    },
    {
      sentence: 'with an invalid revision',
      line: JSON.stringify({ type: 'heartbeat', replica: 'x', revision: '0x9', asOfMs: 1 }),
    },
  ])('a line $sentence changes nothing, and the stream is opened again', async ({ line }) => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    only.send(line);
    await eventually(
      () => only.tokens.length,
      (streams) => streams === 2,
    );
    expect(proxy.pods()).toBe('a Accepting');
    only.sendTable(11, table({ pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
  });

  test('a line of a type that only a newer operator knows is ignored', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    only.send(JSON.stringify({ type: 'gossip' }));
    only.sendTable(11, table({ pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
    expect(only.tokens).toHaveLength(1);
  });

  test('says what it has when its stream failed, and gets only what has changed', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    only.breakStreams();
    await eventually(
      () => only.hellos.length,
      (hellos) => hellos === 2,
    );
    expect(only.hellos[0]?.have).toEqual({});
    expect(Object.keys(only.hellos[1]?.have ?? {}).toSorted()).toEqual([
      `backend/${backendName}`,
      `endpoints/${backendName}`,
      'gateway',
      'listeners',
      'order',
      'proxy',
      `route/${backendName}#0`,
    ]);
    await eventually(
      () => only.reports.at(-1)?.acknowledged?.nonce,
      (nonce) => nonce === 2,
    );
    expect(only.lastDelta()).toEqual({});
    expect(proxy.swaps).toEqual(['a Accepting']);
  });

  test('keeps a resource that it cannot use as it was, applies the others, and acknowledges which it refused', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    const [route] = table().routes;
    if (route === undefined) throw new Error('the table has no route');
    const broken = { ...route, match: { path: { type: 'Exact' } } } as unknown as typeof route;
    only.sendTable(11, { ...table({ pod: 'b' }), routes: [broken] });
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
    const id = `route/${backendName}#0`;
    const acknowledged = await eventually(
      () => only.reports.at(-1)?.acknowledged,
      (last) => last?.nonce === 2,
    );
    expect(acknowledged?.refused).toEqual([{ id, problem: `${id}.match.path.value: must be a string` }]);
    expect(proxy.table()?.routes).toEqual([route]);
  });

  test('closes a silent stream', async () => {
    const only = await replica('127.0.0.1');
    startProxy({ addresses: ['127.0.0.1'], port: only.port, silenceLimitMs: 100 });
    expect(
      await eventually(
        () => only.tokens.length,
        (streams) => streams >= 3,
      ),
    ).toBeGreaterThanOrEqual(3);
  });

  test('sends no token to a server with a certificate of another authority', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const { caPem } = await createCertificates({ names: [operatorName] });
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port, ca: caPem });
    await eventually(proxy.log.messages, (messages) => messages.includes('stream of resources failed'));
    expect(only.tokens).toEqual([]);
  });

  test('connects to a replica that is added later, and drops one that is no longer listed when its stream ends', async () => {
    const first = await replica('127.0.0.1');
    const second = await replica('127.0.0.2', first.port);
    let addresses: string[] = [];
    const proxy = startProxy({ addresses: () => addresses, port: first.port });
    addresses = ['127.0.0.1'];
    first.sendTable(10, table({ pod: 'a' }));
    second.sendTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    addresses = ['127.0.0.2'];
    await eventually(
      () => second.openStreams(),
      (streams) => streams === 1,
    );
    expect(first.openStreams()).toBe(1);
    first.breakStreams();
    await eventually(
      () => proxy.discovery.connected().join(),
      (connected) => connected === '127.0.0.2',
    );
    // Two more reports take longer than any backoff here: a stream to the first would have been requested by then.
    const reports = second.reports.length;
    await eventually(
      () => second.reports.length,
      (count) => count >= reports + 2,
    );
    expect(first.tokens).toHaveLength(1);
  });
});

describe('the last-known-good table', () => {
  const storedFile = () => path.join(folder, 'table.json');
  // No process listens on this address.
  const unreachable = ['127.0.0.3'];

  test('is used after a restart while no operator responds, with its old date', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }), 5000);
    const before = startProxy({ addresses: ['127.0.0.1'], port: only.port, stores: true });
    await eventually(before.pods, (pods) => pods === 'a Accepting');
    await before.discovery.stop();
    const after = startProxy({ addresses: unreachable, port: only.port, stores: true });
    await eventually(after.pods, (pods) => pods === 'a Accepting');
    expect(after.asOfMs()).toBe(5000);
  });

  test('is readable by its owner only, because it contains signing keys', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port, stores: true });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    await proxy.discovery.stop();
    expect(((await stat(storedFile())).mode & 0o777).toString(8)).toBe('600');
    expect(await readFile(storedFile(), 'utf8')).toContain('uid-a');
  });

  test('that is corrupt is ignored', async () => {
    await writeFile(storedFile(), '{"type":"table"');
    const proxy = startProxy({ addresses: unreachable, port: 1, stores: true });
    await eventually(proxy.log.messages, (messages) => messages.includes('no last-known-good routing table'));
    expect(proxy.pods()).toBe('none');
  });

  test('is replaced when an operator responds later', async () => {
    const only = await replica('127.0.0.1');
    only.sendTable(10, table({ pod: 'a' }), 5000);
    const before = startProxy({ addresses: ['127.0.0.1'], port: only.port, stores: true });
    await eventually(before.pods, (pods) => pods === 'a Accepting');
    await before.discovery.stop();
    let addresses: readonly string[] = unreachable;
    const after = startProxy({ addresses: () => addresses, port: only.port, stores: true });
    await eventually(after.pods, (pods) => pods === 'a Accepting');
    only.sendTable(12, table({ pod: 'b' }));
    addresses = ['127.0.0.1'];
    expect(await eventually(after.pods, (pods) => pods === 'b Accepting')).toBe('b Accepting');
  });
});
