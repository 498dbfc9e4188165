/** A large routing table: what a change of one endpoint or one route costs at each step from the cluster state to the request path. */
import { gzipSync } from 'node:zlib';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import { translate } from '../../src/core/translate/translate.ts';
import { createProxyTarget, type ProxyTarget } from '../../src/dataplane/discovery-target.ts';
import { reportSince, type Received } from '../../src/dataplane/discovery/report-changes.ts';
import { createTableMerger } from '../../src/dataplane/discovery/table-merger.ts';
import { createProxyServer } from '../../src/dataplane/server.ts';
import { createVersions } from '../../src/operator/discovery/versions.ts';
import { createResourceStore } from '../../src/wire/resource-store.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import { parseStreamMessage } from '../../src/wire/stream-messages.ts';
import { deltaFor, diffTables, type TableDelta, type Versions } from '../../src/wire/table-delta.ts';
import { createSessionIds } from '../../src/dataplane/sessions/session-ids.ts';
import { createSessionRouter } from '../../src/dataplane/sessions/router.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { tableOf, worldOf } from '../holdfast/table.ts';
import { median, quantile } from '../measure/statistics.ts';
import { formatBytes, formatNumber } from '../report/markdown.ts';
import type { Section } from '../report/section.ts';
import { measureSpread } from './spread.ts';

const repeats = 200;
const warmUps = 20;

/** Two cluster states that differ in one pod, which is terminating in the second. */
function worlds(endpoints: number): [Snapshot, Snapshot] {
  const pods = Array.from({ length: endpoints }, (_, number) => ({
    name: `cart-${number}`,
    address: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
    port: 8080,
  }));
  const before = worldOf(pods);
  const after = {
    ...before,
    pods: before.pods.map((pod, number) =>
      number === 0 ? { ...pod, deletion: { killAtMs: Date.now(), graceSeconds: 3640 } } : pod,
    ),
  };
  return [before, after];
}

/** Runs `work` alternately with each of two inputs, so that each call has a change to apply. `prepare`: not timed. */
function time<T>([one, other]: readonly [T, T], work: (input: T) => void, prepare?: (input: T) => void): number[] {
  const taken: number[] = [];
  for (let turn = 0; turn < warmUps + repeats; turn += 1) {
    const input = turn % 2 === 0 ? one : other;
    prepare?.(input);
    const began = performance.now();
    work(input);
    if (turn >= warmUps) taken.push(performance.now() - began);
  }
  return taken;
}

export type TableOptions = { endpoints: number; progress: (text: string) => void };

export async function measureTable(folder: string, { endpoints, progress }: TableOptions): Promise<Section> {
  const pods = worlds(endpoints);
  const { tables, taken } = timeTranslation(pods);
  const text = JSON.stringify(tables[0]);
  return {
    tables: [
      measureChange(tables, {
        title: `a change of one of ${count(endpoints)} endpoints (the table: ${formatBytes(Buffer.byteLength(text))} of JSON, ${formatBytes(gzipSync(text).length)} compressed)`,
        before: [{ name: 'operator: translate the cluster state', taken }],
      }),
      measureChange(routeTables(), { title: `a change of one of ${count(routes)} routes`, before: [] }),
      await measureSpread(folder, progress),
    ],
  };
}

const routes = 1000;
const count = (value: number) => value.toLocaleString('en-US');

/** Two tables with a route for each host, one of which has another match in the second. */
function routeTables(): [RoutingTable, RoutingTable] {
  const [world] = worlds(3);
  const table = tableOf(world);
  const [route] = table.routes;
  if (route === undefined) throw new Error('the table has no route');
  const all = Array.from({ length: routes }, (_, number) => ({
    ...route,
    name: `shop/cart-${number}#0`,
    hostnames: [`shop-${number}.example.com`],
  }));
  const changed = { ...route, ...all[500], match: { path: { type: 'PathPrefix' as const, value: '/changed' } } };
  return [
    { ...table, routes: all },
    { ...table, routes: all.with(500, changed) },
  ];
}

/** As the operator does it: with the result before, whose unchanged parts the next table shares. */
function timeTranslation(pods: readonly [Snapshot, Snapshot]): {
  taken: number[];
  tables: [RoutingTable, RoutingTable];
} {
  let last = translate(pods[0]);
  const taken = time(pods, (world) => (last = translate(world, last)));
  const tableAfter = (world: Snapshot) => {
    last = translate(world, last);
    const table = last.tables['shop/holdfast'];
    if (table === undefined) throw new Error('the translated cluster state has no table');
    return table;
  };
  return { taken, tables: [tableAfter(pods[0]), tableAfter(pods[1])] };
}

type Step = { name: string; taken: number[] };

/** The tables alternate: what turns the one into the other, and back. */
function measureChange(
  [one, other]: readonly [RoutingTable, RoutingTable],
  { title, before }: { title: string; before: Step[] },
): Section['tables'][number] {
  const versions = createVersions();
  const lines = [lineOf(diffTables(other, one, versions)), lineOf(diffTables(one, other, versions))] as const;
  const pairs = [[other, one] as const, [one, other] as const] as const;
  const steps: Step[] = [
    ...before,
    {
      name: 'operator: find the difference, and write it as JSON',
      taken: time(pairs, ([from, to]) => void lineOf(diffTables(from, to, versions))),
    },
    { name: 'proxy: read and check it', taken: time(lines, (line) => void readDelta(line)) },
    ...timeProxy(other, lines, versions),
  ];
  return {
    title: `${title}: ${formatBytes(Buffer.byteLength(lines[0]))} on the wire`,
    columns: [`what it costs, ${repeats} times`, 'median, ms', '95 %, ms'],
    rows: steps.map(({ name, taken }) => [name, formatNumber(median(taken)), formatNumber(quantile(taken, 0.95))]),
  };
}

const lineOf = (delta: TableDelta): string =>
  JSON.stringify({ type: 'delta', replica: 'holdfast-operator-0', nonce: 1, revision: '1', asOfMs: 0, delta });

function readDelta(line: string): TableDelta {
  const parsed = parseStreamMessage(line);
  if ('problem' in parsed || parsed.value?.type !== 'delta') throw new Error('a delta that the proxy does not read');
  return parsed.value.delta;
}

/** A proxy with the first table, and one replica of the operator. */
function timeProxy(table: RoutingTable, lines: readonly [string, string], versions: Versions): Step[] {
  const { target, server } = createTarget();
  const store = createResourceStore();
  const merger = createTableMerger({
    onTable: (choice) => {
      target.onTable(choice);
    },
    onConfirmed: () => undefined,
  });
  let revision = 0;
  const receive = (delta: TableDelta) => {
    if (store.apply(delta).length > 0) throw new Error('a delta that applies to another table');
    const joined = store.table();
    merger.message('operator', { revision: String((revision += 1)), asOfMs: 0, ...(joined && { table: joined }) });
  };
  receive(readDelta(lineOf(deltaFor({}, table, versions))));
  const deltas = [readDelta(lines[0]), readDelta(lines[1])] as const;
  const joined = time(deltas, receive);
  const reported = time(deltas, reportBy(target), receive);
  void server.shutdown({ graceMs: 0 });
  return [
    { name: 'proxy: join it to the table, and route by it', taken: joined },
    { name: 'proxy: write the report that acknowledges it', taken: reported },
  ];
}

/** Each report has what has changed since the one before. */
function reportBy(target: ProxyTarget): () => string {
  let received: Received | undefined;
  let sequence = 0;
  return () => {
    const draft = target.draftReport((sequence += 1));
    if (draft === undefined) throw new Error('the proxy has no table');
    const next = reportSince(draft, received, 0);
    received = next.received;
    return JSON.stringify({ ...next.sent, acknowledged: { nonce: sequence, refused: [] } });
  };
}

function createTarget() {
  const router = createSessionRouter({ clock: systemClock, random: Math.random, newSessionId: createSessionIds() });
  const server = createProxyServer({ router });
  const target = createProxyTarget({
    router,
    server,
    settings: { apply: () => undefined },
    listeners: { sync: () => undefined },
    clock: systemClock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined },
  });
  return { target, server };
}
