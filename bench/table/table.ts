/** A large routing table: its size, the time to build it, and the cost of a change of one endpoint at each step to the request path. */
import { gzipSync } from 'node:zlib';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import { parseRoutingTable } from '../../src/wire/parse-table.ts';
import { createSessionIds } from '../../src/dataplane/sessions/session-ids.ts';
import { createSessionRouter } from '../../src/dataplane/sessions/router.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { tableOf, worldOf } from '../holdfast/table.ts';
import { median, quantile } from '../measure/statistics.ts';
import { formatBytes, formatNumber } from '../report/markdown.ts';
import type { Section } from '../report/section.ts';

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

/** Runs `work` alternately with each of two inputs, so that each call has a change to apply. */
function time<T>([one, other]: readonly [T, T], work: (input: T) => void): number[] {
  const taken: number[] = [];
  for (let turn = 0; turn < warmUps + repeats; turn += 1) {
    const input = turn % 2 === 0 ? one : other;
    const began = performance.now();
    work(input);
    if (turn >= warmUps) taken.push(performance.now() - began);
  }
  return taken;
}

export function measureTable({ endpoints }: { endpoints: number }): Section {
  const [before, after] = worlds(endpoints);
  const tables = [tableOf(before), tableOf(after)] as const;
  const texts = [JSON.stringify(tables[0]), JSON.stringify(tables[1])] as const;
  const router = createSessionRouter({ clock: systemClock, random: Math.random, newSessionId: createSessionIds() });
  const steps = [
    { name: 'operator: translate the cluster state', taken: time([before, after], (world) => void tableOf(world)) },
    { name: 'operator: write it as JSON', taken: time(tables, (table) => void JSON.stringify(table)) },
    { name: 'proxy: read it from JSON', taken: time(texts, (text) => void JSON.parse(text)) },
    { name: 'proxy: check it', taken: time(tables, (table) => void parseRoutingTable(table)) },
    { name: 'proxy: route by it', taken: time(tables, (table) => router.applyTable(table, Date.now())) },
  ];
  const [text] = texts;
  return {
    tables: [
      {
        title: `a table of ${endpoints.toLocaleString('en-US')} endpoints: ${formatBytes(Buffer.byteLength(text))} of JSON, ${formatBytes(gzipSync(text).length)} compressed`,
        columns: [`what a change of one endpoint costs, ${repeats} times`, 'median, ms', '95 %, ms'],
        rows: steps.map(({ name, taken }) => [name, formatNumber(median(taken)), formatNumber(quantile(taken, 0.95))]),
      },
    ],
  };
}
