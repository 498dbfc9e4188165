/** CPU per request, message and handshake of Holdfast beside the proxies that its users come from, and latency at half load. */
import { availableParallelism } from 'node:os';
import type { Place } from '../holdfast/proxy.ts';
import { findProgram } from '../measure/program.ts';
import type { Section } from '../report/section.ts';
import { issueCertificate } from './certificate.ts';
import {
  goalsTable,
  latencyTable,
  missedNotes,
  waitingNote,
  workersNote,
  workloadTable,
  type Result,
} from './figures.ts';
import { direct, latenessOf, measureLatency, rateInTime, type Latencies } from './latency.ts';
import type { Peer } from './peers/peer.ts';
import { findPeers } from './peers/peers.ts';
import { randomFrom } from './random.ts';
import { measureRounds, perSecondOf, type Contender } from './rounds.ts';
import { startStage, type Ready, type Stage, type StagePlace } from './stage.ts';
import type { WorkName } from './work-names.ts';
import { workloads, type Workload } from './workloads.ts';

export type SpeedOptions = {
  rounds: number;
  seconds: number;
  quick: boolean;
  seed: number;
  work?: readonly WorkName[];
  progress: (text: string) => void;
};

type Run = SpeedOptions & Omit<StagePlace, 'sessions'> & { random: () => number; beganMs: number };
type Latency = { latencies: Latencies; rate: number };
type Done = { results: Result[]; latency?: Latency; skipped: string[] };

/** Those that goals are about: a quick run gives them more turns. */
const principal = ['HAProxy', 'Envoy', 'Holdfast'];
const latencySeconds = 4;
/** After that a quick run has no second rounds, so that it keeps its three minutes on a busy machine, too. */
const quickMs = 140_000;

export async function measureSpeed(place: Place, options: SpeedOptions): Promise<Section> {
  const missing = whyNot();
  if (missing !== undefined) return { tables: [], skipped: [`speed, because ${missing}`] };
  const { peers, skipped } = findPeers(place);
  const certificate = await issueCertificate(place.folder);
  const run: Run = { ...options, ...place, certificate, random: randomFrom(options.seed), beganMs: performance.now() };
  const done: Done = { results: [], skipped: [...skipped] };
  for (const [protocol, group] of Map.groupBy(chosenWorkloads(options), (workload) => workload.protocol)) {
    const stage = await startStage(protocol, peers, { ...run, sessions: protocol === 'http' ? 256 : 64 });
    done.skipped.push(...stage.skipped);
    for (const workload of group) await measureWorkload(workload, stage, { run, done });
    if (protocol === 'http' && wants('latency', options)) {
      Object.assign(done, await measureHalfLoad(stage, done, run));
    }
    await stage.stop();
  }
  return sectionOf(done, peers, options);
}

/** Latency is measured at half of what small requests reach. */
const chosenWorkloads = (options: SpeedOptions): Workload[] =>
  workloads.filter(({ name }) => wants(name, options) || (name === 'small-64' && wants('latency', options)));

const wants = (name: WorkName, { work }: SpeedOptions): boolean => work === undefined || work.includes(name);

function whyNot(): string | undefined {
  if (findProgram('taskset') === undefined) return 'taskset is not installed: `apt-get install util-linux`.';
  if (availableParallelism() >= 2) return undefined;
  return 'the proxy needs its own core and this machine has only one: use a machine with at least two.';
}

const packageOf = { wrk: 'wrk', h2load: 'nghttp2-client', openssl: 'openssl' } as const;

async function measureWorkload(workload: Workload, stage: Stage, { run, done }: { run: Run; done: Done }) {
  const { name, needs, protocol, title } = workload;
  if (needs !== 'node' && findProgram(needs) === undefined) {
    done.skipped.push(`${name}, because ${needs} is not installed: get it by \`apt-get install ${packageOf[needs]}\`.`);
    return;
  }
  const contenders = stage.ready
    .map((ready): Contender => ({ ...ready, rounds: roundsOf(ready, workload, run) }))
    .filter(({ rounds }) => rounds > 0);
  const isFirst = !done.results.some((result) => result.workload.protocol === protocol);
  const measured = await measureRounds(contenders, workload.load, {
    ...run,
    title,
    warmUpSeconds: run.quick && !isFirst ? 0 : 1,
    ...(run.quick && { endsMs: run.beganMs + quickMs }),
  });
  done.results.push({ ...measured, workload });
  done.skipped.push(...[...measured.failed].map(([proxy, problem]) => `${proxy} in ${name}, because ${problem}.`));
}

function roundsOf({ name }: Ready, { everyone }: Workload, { quick, rounds }: Run): number {
  if (!quick || principal.includes(name)) return rounds;
  return everyone ? 1 : 0;
}

const lateGenerator =
  'latency, because the load generator sends late at every rate, without a proxy too: use a machine with three cores that does nothing else.';

/** At most half of what the slower of HAProxy and Holdfast can do: both have room, and the same to do. */
async function measureHalfLoad(
  stage: Stage,
  { results, skipped }: Done,
  run: Run,
): Promise<Pick<Done, 'latency'> | Pick<Done, 'skipped'>> {
  const small = results.find(({ workload }) => workload.name === 'small-64');
  const reach = new Map([...(small?.samples ?? [])].map(([name, taken]) => [name, perSecondOf(taken)]));
  const half = Math.min(...['HAProxy', 'Holdfast'].flatMap((name) => reach.get(name) ?? [])) / 2;
  if (half === Infinity) return {};
  const rate = await rateInTime(half, latenessOf(stage.direct, run.random));
  if (rate === undefined) return { skipped: [...skipped, lateGenerator] };
  const reaches = (name: string) => (reach.get(name) ?? 0) > rate;
  const targets = stage.ready.filter(({ name }) => reaches(name)).map(({ name, target }) => [name, target] as const);
  const plan = run.quick ? { rounds: 1, seconds: run.seconds } : { rounds: run.rounds, seconds: latencySeconds };
  const measured = await measureLatency(new Map([...targets, [direct, stage.direct]]), { ...run, ...plan, rate });
  const overloaded = [...reach.keys()].filter((name) => !reaches(name));
  return {
    latency: {
      latencies: new Map([...measured, ...overloaded.map((name) => [name, 'does not reach this rate'] as const)]),
      rate,
    },
  };
}

const sectionOf = ({ results, latency, skipped }: Done, peers: readonly Peer[], options: SpeedOptions): Section => ({
  tables: [
    goalsTable(results),
    ...(latency ? [latencyTable(latency.latencies, latency.rate)] : []),
    ...results.filter(({ samples }) => samples.size > 0).map(workloadTable),
  ],
  notes: [
    [...missedNotes(results), ...workersNote(results), ...waitingNote(results), describeRun(peers, options)].join('\n'),
  ],
  skipped,
  data: {
    seed: options.seed,
    versions: Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    latency: latency && { rate: latency.rate, samples: Object.fromEntries(latency.latencies) },
    workloads: results.map(({ workload, samples, failed }) => ({
      name: workload.name,
      goal: workload.goal,
      samples: Object.fromEntries(samples),
      failed: Object.fromEntries(failed),
    })),
  },
});

function describeRun(peers: readonly Peer[], { rounds, seconds, seed, quick }: SpeedOptions): string {
  const versions = peers.flatMap(({ name, version }) => (version === undefined ? [] : [`${name} ${version}`]));
  const turns = `${rounds} rounds with turns of ${seconds} s in random order (seed ${seed})`;
  const others = quick ? `, one of ${seconds} s for proxies without goals (quick)` : '';
  return `- ${versions.join(', ')}; ${turns}${others}.`;
}
