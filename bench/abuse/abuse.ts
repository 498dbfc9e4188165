/** Clients that send requests and never read: what a well-behaved client beside them notices, and how much memory they leave behind. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import type { Place } from '../holdfast/proxy.ts';
import { findProgram, runToEnd, startProgram, untilListening, type Program } from '../measure/program.ts';
import { quantile } from '../measure/statistics.ts';
import { memoryOf, peakMemory } from '../measure/usage.ts';
import { beginSessions as warmUp, bodyBytes } from '../memory/clients.ts';
import { formatBytes, formatNumber } from '../report/markdown.ts';
import type { Section } from '../report/section.ts';
import type { Peer, RunningPeer } from '../speed/peers/peer.ts';
import { findPeers } from '../speed/peers/peers.ts';
import { beginSessions } from '../speed/sessions.ts';

export type AbuseOptions = { seconds: number; progress: (text: string) => void };

type Figures = {
  name: string;
  aloneMs: number;
  besideMs: number;
  worstMs: number;
  beforeBytes: number;
  peakBytes: number;
  afterBytes: number;
};

const besideClient = 400;
const memoryAttackers = 1500;
const warmUpSessions = 10_000;
const settleMs = 5_000;
/** V8 releases memory some seconds after the work has ended. */
const releaseMs = 30_000;
const proxyCore = 0;
const loadCore = 1;

export async function measureAbuse(place: Place, { seconds, progress }: AbuseOptions): Promise<Section> {
  if (findProgram('taskset') === undefined) {
    return { tables: [], skipped: ['abuse, because taskset is not installed: `apt-get install util-linux`.'] };
  }
  const { peers, skipped } = findPeers(place);
  const figures: Figures[] = [];
  for (const peer of peers.filter(({ name }) => name === 'HAProxy' || name === 'Holdfast')) {
    const measured = await withApp(async (ports) => ({
      name: peer.name,
      ...(await measureClient(peer, ports, seconds)),
      ...(await measureMemory(peer, ports, seconds)),
    }));
    progress(`${peer.name}: p50 ${formatNumber(measured.besideMs)} ms, ${formatBytes(measured.afterBytes)} afterwards`);
    figures.push(measured);
  }
  return { tables: renderTables(figures, seconds), skipped: skipped.filter((reason) => reason.startsWith('HAProxy')) };
}

async function withApp<T>(measure: (ports: readonly number[]) => Promise<T>): Promise<T> {
  const ports = await Promise.all([freePort(), freePort()]);
  const app = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, '../speed/apps/upstream.ts'), String(bodyBytes), ...ports.map(String)],
    core: loadCore,
  });
  for (const port of ports) await untilListening(app, port);
  const measured = await measure(ports);
  await app.stop();
  return measured;
}

async function withPeer<T>(peer: Peer, ports: readonly number[], measure: (running: RunningPeer) => Promise<T>) {
  const running = await peer.start({ protocol: 'http', upstreamPorts: ports, core: proxyCore });
  await warmUp(running.port, warmUpSessions);
  const measured = await measure(running);
  await running.program.stop();
  return measured;
}

const measureClient = (peer: Peer, ports: readonly number[], seconds: number) =>
  withPeer(peer, ports, async ({ port }) => {
    const alone = await runClient(port, seconds);
    const attackers = await startAttackers(port, besideClient);
    const beside = await runClient(port, seconds);
    await attackers.stop();
    return {
      aloneMs: quantile(alone, 0.5),
      besideMs: quantile(beside, 0.5),
      worstMs: quantile(beside, 1),
    };
  });

const measureMemory = (peer: Peer, ports: readonly number[], seconds: number) =>
  withPeer(peer, ports, async ({ port, program: { pid } }) => {
    await sleep(settleMs);
    const beforeBytes = memoryOf(pid).resident;
    const attackers = await startAttackers(port, memoryAttackers);
    await sleep(seconds * 1000);
    await attackers.stop();
    await sleep(releaseMs);
    return { beforeBytes, peakBytes: peakMemory(pid), afterBytes: memoryOf(pid).resident };
  });

async function startAttackers(port: number, count: number): Promise<Program> {
  const [cookie = ''] = await beginSessions({ protocol: 'http', port, count: 1, sticky: true });
  const program = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, 'attackers.ts'), String(port), String(count), cookie],
    core: loadCore,
  });
  while (!program.tail().includes('connected')) await sleep(20);
  return program;
}

async function runClient(port: number, seconds: number): Promise<number[]> {
  const [cookie = ''] = await beginSessions({ protocol: 'http', port, count: 1, sticky: true });
  const out = await runToEnd({
    command: process.execPath,
    args: [join(import.meta.dirname, 'client.ts'), String(port), String(seconds), cookie],
    core: loadCore,
  });
  return out.trim().split('\n').map(Number);
}

function renderTables(figures: readonly Figures[], seconds: number): Section['tables'] {
  return [
    {
      title: `a client beside ${besideClient} connections that send requests for ${seconds} s and never read`,
      columns: ['proxy', 'p50 alone, ms', 'p50 beside them, ms', 'slowest, ms'],
      rows: figures.map(({ name, ...figure }) => [
        name,
        formatNumber(figure.aloneMs),
        formatNumber(figure.besideMs),
        formatNumber(figure.worstMs),
      ]),
    },
    {
      title: `resident memory before, during and ${releaseMs / 1000} s after ${memoryAttackers.toLocaleString('en-US')} such connections`,
      columns: ['proxy', 'before', 'peak', 'after', 'after to before'],
      rows: figures.map(({ name, ...figure }) => [
        name,
        formatBytes(figure.beforeBytes),
        formatBytes(figure.peakBytes),
        formatBytes(figure.afterBytes),
        formatNumber(figure.afterBytes / figure.beforeBytes),
      ]),
    },
  ];
}
