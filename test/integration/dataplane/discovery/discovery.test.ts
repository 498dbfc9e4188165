import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../../../src/wire/messages.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { startDiscovery, type Discovery } from '../../../../src/dataplane/discovery/discovery.ts';
import { createKeptTable } from '../../../../src/dataplane/discovery/kept-table.ts';
import { createProxyClient } from '../../../../src/wire/client/proxy-client.ts';
import { buildReport } from '../../../../src/dataplane/discovery/report.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createCertificates, type TestCertificates } from '../../../support/certificates.ts';
import { eventually } from '../../../support/eventually.ts';
import { operatorName, startFakeReplica, type FakeReplica } from '../../../support/fake-operator.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { backendName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

const certificates: TestCertificates = await createCertificates({ names: [operatorName] });
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
  swaps: string[];
  heard: string[];
  asOfMs: () => number;
  log: ReturnType<typeof createMemoryLogger>;
};
type ProxyOptions = {
  addresses: readonly string[] | (() => readonly string[]);
  port: number;
  ca?: string;
  kept?: boolean;
  silenceLimitMs?: number;
};

/** The discovery side of a proxy: routes by what it is given, counts a session on the pod `busy`. */
function startProxy({
  addresses,
  port,
  ca = certificates.caPem,
  kept = false,
  silenceLimitMs = 5000,
}: ProxyOptions): Proxy {
  const log = createMemoryLogger();
  const swaps: string[] = [];
  const heard: string[] = [];
  let current: RoutingTable | undefined;
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
      kept: kept ? createKeptTable(path.join(folder, 'table.json'), log) : undefined,
    },
    {
      onTable(choice) {
        current = choice.table;
        asOfMs = choice.asOfMs;
        swaps.push(podsOf(choice.table));
      },
      onConfirmed: (confirmedMs) => (asOfMs = confirmedMs),
      buildReport: (sequence) =>
        current &&
        buildReport(current, () => undefined, { startedAtMs: 0, sequence, nowMs: Date.now(), ended: [], seen: [] }),
      onEnded: (sessions) => heard.push(`ended ${sessions.join()}`),
      onSeen: (sessions) => heard.push(`seen ${sessions.join()}`),
      onHandover: ({ from }) => heard.push(`handover of ${from}`),
      changes: () => swaps.length,
    },
    { resolveIntervalMs: 20, keptTableDelayMs: 50, backoff: { baseMs: 20, capMs: 100 } },
  );
  started.push(discovery);
  return { discovery, pods: () => swaps.at(-1) ?? 'none', swaps, heard, asOfMs: () => asOfMs, log };
}

const both = ['127.0.0.1', '127.0.0.2'];

describe('a proxy and two replicas of the operator', () => {
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

  test('routes by the one that knows more, and by the other one when it is gone', async () => {
    const { first, second, proxy } = await startBoth();
    first.sayTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    second.sayTable(11, table({ pod: 'a' }, { pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting, b Accepting');
    await second.stop();
    started.splice(started.indexOf(second), 1);
    // It knows as much as the one that is gone, and no more.
    first.sayTable(11, table({ pod: 'c' }));
    expect(await eventually(proxy.pods, (pods) => pods === 'c Accepting')).toBe('c Accepting');
  });

  test('takes a termination from either of them at once', async () => {
    const { first, second, proxy } = await startBoth();
    first.sayTable(10, table({ pod: 'a' }, { pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting, b Accepting');
    second.sayTable(9, table({ pod: 'a', state: 'Draining' }, { pod: 'b' }));
    expect(await eventually(proxy.pods, (pods) => pods.startsWith('a Draining'))).toBe('a Draining, b Accepting');
  });

  test('reports to both, with the states by which it routes', async () => {
    const { first, second, proxy } = await startBoth();
    first.sayTable(10, table({ pod: 'a' }));
    second.sayTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    first.sayTable(11, table({ pod: 'a', state: 'Draining' }));
    const states = ({ reports }: FakeReplica) =>
      reports.at(-1)?.endpoints.map(({ uid, state }) => `${uid} ${state}`) ?? [];
    for (const one of [first, second]) {
      await eventually(
        () => states(one),
        (last) => last[0] === 'uid-a Draining',
      );
    }
    const sequences = first.reports.map(({ sequence }: Report) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
  });

  test('heartbeats move the date of the table, without a swap', async () => {
    const { first, proxy } = await startBoth();
    first.sayTable(10, table({ pod: 'a' }), 1000);
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    first.beat(10, 7000);
    await eventually(proxy.asOfMs, (asOfMs) => asOfMs === 7000);
    expect(proxy.swaps).toEqual(['a Accepting']);
  });
});

describe('a proxy and one replica', () => {
  test('reports at least once a second though nothing changes', async () => {
    const only = await replica('127.0.0.1');
    startProxy({ addresses: ['127.0.0.1'], port: only.port });
    only.sayTable(10, table({ pod: 'a' }));
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
    expect(Date.now() - startMs).toBeLessThan(2000);
  });

  test('hears what other proxies say of single sessions', async () => {
    const only = await replica('127.0.0.1');
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    only.sayTable(10, table({ pod: 'a' }));
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    for (const type of ['ended', 'seen'] as const) {
      only.say(JSON.stringify({ type, replica: 'x', sessions: ['00000000deadbeef'] }));
    }
    expect(
      await eventually(
        () => proxy.heard,
        ({ length }) => length === 2,
      ),
    ).toEqual(['ended 00000000deadbeef', 'seen 00000000deadbeef']);
    expect(proxy.pods()).toBe('a Accepting');
  });

  test('comes back after the stream broke, and shows the token as it is by then', async () => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    await writeFile(path.join(folder, 'token'), 'token-2');
    only.sayTable(11, table({ pod: 'b' }));
    only.breakStreams();
    await eventually(
      () => only.tokens.at(-1),
      (token) => token === 'Bearer token-2',
    );
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
    expect(only.tokens[0]).toBe('Bearer token-1');
  });

  test('keeps its table when it is refused, asks ever more slowly, and takes the next one', async () => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    only.answerWith(403);
    only.breakStreams();
    await eventually(
      () => proxy.log.lines().filter(({ message }) => message === 'table stream failed').length,
      (failures) => failures >= 3,
    );
    expect(proxy.pods()).toBe('a Accepting');
    expect(JSON.stringify(proxy.log.lines())).toContain('the operator answered 403');
    only.answerWith(200);
    only.sayTable(11, table({ pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
  });

  test.each([
    { sentence: 'that is no JSON', line: '{"type":"table",' },
    {
      sentence: 'that is no table',
      line: JSON.stringify({ type: 'table', replica: 'x', revision: '99', asOfMs: 1, table: { listeners: 3 } }),
    },
    {
      sentence: 'of an unknown type',
      line: JSON.stringify({ type: 'gossip', replica: 'x', revision: '99', asOfMs: 1 }),
    },
    {
      sentence: 'with sessions that are no ids',
      line: JSON.stringify({ type: 'seen', replica: 'x', sessions: ['1'] }),
    },
    {
      sentence: 'with a revision that is no number',
      line: JSON.stringify({ type: 'heartbeat', replica: 'x', revision: '0x9', asOfMs: 1 }),
    },
  ])('a line $sentence changes nothing, and the stream goes on', async ({ line }) => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    only.say(line);
    await eventually(proxy.log.messages, (messages) => messages.includes('table message refused'));
    expect(proxy.pods()).toBe('a Accepting');
    only.sayTable(11, table({ pod: 'b' }));
    await eventually(proxy.pods, (pods) => pods === 'b Accepting');
    expect(only.tokens).toHaveLength(1);
  });

  test('gives up a stream on which nothing comes', async () => {
    const only = await replica('127.0.0.1');
    startProxy({ addresses: ['127.0.0.1'], port: only.port, silenceLimitMs: 100 });
    expect(
      await eventually(
        () => only.tokens.length,
        (streams) => streams >= 3,
      ),
    ).toBeGreaterThanOrEqual(3);
  });

  test('does not speak to a server that another authority vouches for', async () => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }));
    const { caPem } = await createCertificates({ names: [operatorName] });
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port, ca: caPem });
    await eventually(proxy.log.messages, (messages) => messages.includes('table stream failed'));
    expect(only.tokens).toEqual([]);
  });

  test('finds a replica that comes later, and leaves one that is no longer listed when its stream ends', async () => {
    const first = await replica('127.0.0.1');
    const second = await replica('127.0.0.2', first.port);
    let addresses: string[] = [];
    const proxy = startProxy({ addresses: () => addresses, port: first.port });
    addresses = ['127.0.0.1'];
    first.sayTable(10, table({ pod: 'a' }));
    second.sayTable(10, table({ pod: 'a' }));
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
    // Two more reports take longer than any back-off here: a stream to the first would have been asked for by then.
    const reports = second.reports.length;
    await eventually(
      () => second.reports.length,
      (count) => count >= reports + 2,
    );
    expect(first.tokens).toHaveLength(1);
  });
});

describe('the kept table', () => {
  const keptFile = () => path.join(folder, 'table.json');
  // Nobody listens on this address.
  const nobody = ['127.0.0.3'];

  test('serves after a restart while no operator answers, with its old date', async () => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }), 5000);
    const before = startProxy({ addresses: ['127.0.0.1'], port: only.port, kept: true });
    await eventually(before.pods, (pods) => pods === 'a Accepting');
    await before.discovery.stop();
    const after = startProxy({ addresses: nobody, port: only.port, kept: true });
    await eventually(after.pods, (pods) => pods === 'a Accepting');
    expect(after.asOfMs()).toBe(5000);
  });

  test('is for the eyes of its owner only: it holds signing keys', async () => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }));
    const proxy = startProxy({ addresses: ['127.0.0.1'], port: only.port, kept: true });
    await eventually(proxy.pods, (pods) => pods === 'a Accepting');
    await proxy.discovery.stop();
    expect(((await stat(keptFile())).mode & 0o777).toString(8)).toBe('600');
    expect(await readFile(keptFile(), 'utf8')).toContain('uid-a');
  });

  test('that is broken is as good as none', async () => {
    await writeFile(keptFile(), '{"type":"table"');
    const proxy = startProxy({ addresses: nobody, port: 1, kept: true });
    await eventually(proxy.log.messages, (messages) => messages.includes('no kept routing table'));
    expect(proxy.pods()).toBe('none');
  });

  test('gives way to an operator that answers late', async () => {
    const only = await replica('127.0.0.1');
    only.sayTable(10, table({ pod: 'a' }), 5000);
    const before = startProxy({ addresses: ['127.0.0.1'], port: only.port, kept: true });
    await eventually(before.pods, (pods) => pods === 'a Accepting');
    await before.discovery.stop();
    let addresses: readonly string[] = nobody;
    const after = startProxy({ addresses: () => addresses, port: only.port, kept: true });
    await eventually(after.pods, (pods) => pods === 'a Accepting');
    only.sayTable(12, table({ pod: 'b' }));
    addresses = ['127.0.0.1'];
    expect(await eventually(after.pods, (pods) => pods === 'b Accepting')).toBe('b Accepting');
  });
});
