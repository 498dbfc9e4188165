/** Requests per second and CPU per request: each proxy alone on one core, in turns, so that other load of the machine affects all of them. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Place } from '../holdfast/proxy.ts';
import { findProgram, freePort, startProgram, untilListening, type Program } from '../measure/program.ts';
import { median } from '../measure/statistics.ts';
import { cpuMicros } from '../measure/usage.ts';
import { formatNumber } from '../report/markdown.ts';
import type { Section, Table } from '../report/section.ts';
import { findPeers, type Peer } from './peers.ts';
import { beginSessions, checkResponse, renderRequest, shapes, type Shape } from './requests.ts';
import { runLoad } from './wrk.ts';

export type SpeedOptions = { rounds: number; seconds: number; progress: (text: string) => void };

type Sample = { perSecond: number; cpuPerRequestMicros: number; coreShare: number; p99Ms: number };
export type Samples = Map<string, Sample[]>;
type Run = SpeedOptions & Place & { wrk: string };

const connections = 64;
const upstreamCount = 2;
const warmUpSeconds = 1;
// The proxy has its own core; so does the app where the machine has a third.
const proxyCore = 0;
const loadCore = 1;
const appCore = Math.min(2, availableParallelism() - 1);

export async function measureSpeed(place: Place, options: SpeedOptions): Promise<Section> {
  const wrk = findProgram('wrk');
  if (wrk === undefined) {
    return { tables: [], skipped: ['speed, because wrk is not installed: `apt-get install wrk`.'] };
  }
  if (availableParallelism() < 2) {
    return {
      tables: [],
      skipped: [
        'speed, because the proxy needs its own core and this machine has only one: use a machine with at least two.',
      ],
    };
  }
  const { peers, skipped } = findPeers(place);
  const tables: Table[] = [];
  for (const shape of shapes) {
    const samples = await measureShape(shape, peers, { ...place, ...options, wrk });
    tables.push(
      renderTable(`${shape.name}; ${connections} connections with a session each, one core for the proxy`, samples),
    );
  }
  return { tables, skipped };
}

export async function measureShape(shape: Shape, peers: readonly Peer[], run: Run): Promise<Samples> {
  const ports = await Promise.all(Array.from({ length: upstreamCount }, freePort));
  const upstream = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, 'upstream.ts'), String(shape.bodyBytes), ...ports.map(String)],
    core: appCore,
  });
  const samples: Samples = new Map(peers.map(({ name }) => [name, []]));
  for (const port of ports) await untilListening(upstream, port);
  for (let round = 1; round <= run.rounds; round += 1) {
    for (const peer of peers) {
      const sample = await measurePeer(peer, shape, { ...run, upstreamPorts: ports });
      samples.get(peer.name)?.push(sample);
      run.progress(`round ${round} of ${run.rounds}, ${shape.name}, ${peer.name}: ${describe(sample)}`);
    }
  }
  await upstream.stop();
  return samples;
}

const describe = ({ perSecond, cpuPerRequestMicros }: Sample): string =>
  `${formatNumber(perSecond)} requests/s, ${formatNumber(cpuPerRequestMicros)} µs of CPU each`;

async function measurePeer(peer: Peer, shape: Shape, run: Run & { upstreamPorts: readonly number[] }): Promise<Sample> {
  const { program, port } = await peer.start(run.upstreamPorts, proxyCore);
  await checkResponse(port, shape);
  const requests = (await cookiesFor(peer, port)).map((cookie) => renderRequest(cookie, shape));
  const load = (seconds: number) => runLoad({ ...run, core: loadCore, port, seconds, connections, requests });
  await load(warmUpSeconds);
  const sample = await takeSample(program, () => load(run.seconds));
  await program.stop();
  return sample;
}

const cookiesFor = ({ sessions }: Peer, port: number): Promise<(string | undefined)[]> =>
  sessions === 'none'
    ? Promise.resolve([undefined])
    : beginSessions(port, { count: connections, sticky: sessions === 'sticky' });

async function takeSample({ pid }: Program, load: () => ReturnType<typeof runLoad>): Promise<Sample> {
  const before = cpuMicros(pid);
  const { requests, seconds, p99Ms } = await load();
  const usedMicros = cpuMicros(pid) - before;
  return {
    perSecond: requests / seconds,
    cpuPerRequestMicros: usedMicros / requests,
    coreShare: usedMicros / (seconds * 1e6),
    p99Ms,
  };
}

/** Compares CPU per request: requests per second also depend on other load of the machine. */
export function renderTable(title: string, samples: Samples): Table {
  const middle = (name: string, field: keyof Sample) => {
    const taken = samples.get(name) ?? [];
    return taken.length === 0 ? undefined : median(taken.map((sample) => sample[field]));
  };
  const ratio = (name: string, to: string) => {
    const [own, other] = [middle(name, 'cpuPerRequestMicros'), middle(to, 'cpuPerRequestMicros')];
    return own === undefined || other === undefined ? '–' : formatNumber(own / other);
  };
  const rivals = ['HAProxy', 'nginx'].filter((rival) => samples.has(rival));
  const figure = (name: string, field: keyof Sample) => formatNumber(middle(name, field) ?? 0);
  return {
    title,
    columns: [
      'proxy',
      'requests/s',
      'of its core used',
      'CPU per request, µs',
      ...rivals.map((rival) => `to ${rival}`),
      'p99, ms',
    ],
    rows: [...samples.keys()].map((name) => [
      name,
      figure(name, 'perSecond'),
      `${Math.round(100 * (middle(name, 'coreShare') ?? 0))} %`,
      figure(name, 'cpuPerRequestMicros'),
      ...rivals.map((rival) => ratio(name, rival)),
      figure(name, 'p99Ms'),
    ]),
  };
}
