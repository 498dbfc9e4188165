/** Memory per live session and per idle connection after garbage collection, and of an idle sidecar. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import { commandOfImage } from '../holdfast/image.ts';
import { readMetric, startProxy, type Place, type RunningProxy } from '../holdfast/proxy.ts';
import { runToEnd, startProgram, untilListening, type Program } from '../measure/program.ts';
import { keptBy, type Kept } from '../measure/heap.ts';
import { memoryOf } from '../measure/usage.ts';
import { formatBytes, formatNumber } from '../report/markdown.ts';
import type { Section, Table } from '../report/section.ts';
import { beginSessions, bodyBytes } from './clients.ts';
import { idleKinds, openIdle, type IdleKind } from './idle.ts';

type Progress = (text: string) => void;

/** Compiles the request path and fills its caches, so that they are not counted as memory of the sessions. */
const warmUpSessions = 50_000;
const warmUpConnections = 500;

type Growth = { before: Kept; after: Kept };

export async function measureSessions(
  place: Place,
  { sessions, progress }: { sessions: number; progress: Progress },
): Promise<Section> {
  const tableBytes = Number(
    await runToEnd({
      command: process.execPath,
      args: ['--expose-gc', join(import.meta.dirname, 'session-table.ts'), String(sessions)],
    }),
  );
  progress(`session table: ${formatNumber(tableBytes / sessions)} bytes a session; now ${sessions} sessions over HTTP`);
  const { before, after, counted } = await withProxy(place, async (proxy) => {
    await beginSessions(proxy.port, warmUpSessions);
    const before = await keptBy(proxy);
    const known = await readMetric(proxy.adminPort, 'holdfast_sessions');
    await beginSessions(proxy.port, sessions - known);
    return {
      before,
      after: await keptBy(proxy),
      counted: await readMetric(proxy.adminPort, 'holdfast_sessions'),
    };
  });
  if (counted !== sessions) throw new Error(`the proxy counts ${counted} sessions, not ${sessions}`);
  const added = sessions - warmUpSessions;
  const from = `${warmUpSessions.toLocaleString('en-US')} sessions`;
  const table: Table = {
    title: `${sessions.toLocaleString('en-US')} live sessions`,
    columns: ['what', 'bytes in all', 'bytes a session'],
    rows: [
      [
        'the session table alone, after garbage collection',
        formatBytes(tableBytes),
        formatNumber(tableBytes / sessions),
      ],
      [
        `heap of the whole proxy, from ${from}`,
        `${formatBytes(before.heap)} → ${formatBytes(after.heap)}`,
        formatNumber((after.heap - before.heap) / added),
      ],
      [
        `the whole proxy (resident), from ${from}`,
        `${formatBytes(before.resident)} → ${formatBytes(after.resident)}`,
        formatNumber((after.resident - before.resident) / added),
      ],
    ],
  };
  return { tables: [table] };
}

export async function measureConnections(
  place: Place,
  { connections, progress }: { connections: number; progress: Progress },
): Promise<Section> {
  const rows: string[][] = [];
  for (const kind of idleKinds) {
    const { before, after } = await withProxy(place, (proxy) => holdOpen(proxy, kind, connections));
    const [heap, resident] = [after.heap - before.heap, after.resident - before.resident];
    progress(`${connections} idle connections, ${kind.name}: ${formatBytes(resident)}`);
    rows.push([
      kind.name,
      `${formatBytes(before.resident)} → ${formatBytes(after.resident)}`,
      formatNumber(heap / connections),
      formatNumber(resident / connections),
    ]);
  }
  const table: Table = {
    title: `${connections.toLocaleString('en-US')} idle connections`,
    columns: ['what is open', 'the whole proxy (resident)', 'heap, bytes a connection', 'resident, bytes a connection'],
    rows,
  };
  return { tables: [table] };
}

async function holdOpen(proxy: RunningProxy, { open, metric }: IdleKind, count: number): Promise<Growth> {
  await beginSessions(proxy.port, warmUpSessions);
  await openIdle(open, proxy.port, warmUpConnections).then(({ close }) => close());
  const before = await keptBy(proxy);
  const idle = await openIdle(open, proxy.port, count);
  const after = await keptBy(proxy);
  const still = await readMetric(proxy.adminPort, metric);
  idle.close();
  if (still >= count) return { before, after };
  throw new Error(
    `only ${still} of ${count} connections are open in the proxy: raise the limit of open files (ulimit -n), or use fewer connections, so that all open before the proxy closes idle ones`,
  );
}

async function withProxy<T>(place: Place, measure: (proxy: RunningProxy) => Promise<T>): Promise<T> {
  const port = await freePort();
  const app = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, '../speed/apps/upstream.ts'), String(bodyBytes), String(port)],
  });
  await untilListening(app, port);
  const proxy = await startProxy(place, [port]);
  const measured = await measure(proxy);
  await Promise.all([proxy.stop(), app.stop()]);
  return measured;
}

const sidecarAgeMs = 10_000;

/** Measures a sidecar beside others: all sidecars of a node share the pages of the binary. */
export async function measureSidecar({ dist }: Place): Promise<Section> {
  const sidecars: Program[] = [];
  for (let number = 0; number < 10; number += 1) sidecars.push(await startSidecar(dist));
  await sleep(sidecarAgeMs);
  const [first = { resident: 0, shared: 0, own: 0 }] = sidecars.map(({ pid }) => memoryOf(pid));
  await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
  const table: Table = {
    title: `an idle sidecar, one of ${sidecars.length}`,
    columns: ['what', 'memory'],
    rows: [
      ['its own pages', formatBytes(first.own)],
      [`including its share of the pages that ${sidecars.length} of them share (PSS)`, formatBytes(first.shared)],
      ['resident, shared pages counted in full', formatBytes(first.resident)],
    ],
  };
  return { tables: [table] };
}

/** The sidecar contacts no operator before its preStop hook is called, so any well-formed certificate is enough. */
async function startSidecar(dist: string): Promise<Program> {
  const port = await freePort();
  const env = {
    HOLDFAST_SIDECAR_PORT: String(port),
    HOLDFAST_CA: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    HOLDFAST_DISCOVERY_HOST: '127.0.0.1',
    HOLDFAST_DRAIN_TIMEOUT_MS: '3600000',
    HOLDFAST_QUIET_PERIOD_MS: '5000',
    HOLDFAST_SHUTDOWN_MARGIN_MS: '30000',
  };
  const sidecar = startProgram(commandOfImage(dist, ['sidecar'], env));
  await untilListening(sidecar, port);
  return sidecar;
}
