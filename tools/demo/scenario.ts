/**
 * The scenario of the demo: customers come to a shop in waves, an autoscaler follows their number, and their session log is the result.
 *
 *     busy (5 pods) ──► regulars only (2 pods; three drain) ──► busy again (5 pods) ──► everybody leaves
 */
import type { Clock } from '../../src/platform/clock.ts';
import { sleep } from '../../src/platform/clock.ts';
import { startLoad } from './customers/load.ts';
import type { Load, LoadOptions } from './customers/load.ts';
import { summarize } from './customers/session-log.ts';
import type { Address, DemoCluster } from './demo-cluster.ts';
import { readDeployment, readEvents, readPods } from './queries.ts';
import { fewestPods, mostPods } from './shop.ts';
import type { DemoSessions, DemoState } from './state.ts';

export type Scenario = {
  title: string;
  namespace: string;
  target: Address;
  seed: number;
  sessions: number;
  durationMs: number;
};

export type ScenarioEnvironment = {
  cluster: DemoCluster;
  clock: Clock;
  /** How many customers there are, asked whenever the autoscaler looks; undefined: as many as are expected. */
  setDemand: (count: (() => number) | undefined) => void;
  show: (state: DemoState) => void;
  /** Customers go home at their next step. */
  stopped: AbortSignal;
};

const frameMs = 250;
/** Shares of the duration at which the second and the third wave begin. */
const lullAt = 0.3;
const rushAt = 0.65;

/** Answers what the customers saw, when the last of them has left. */
export async function runScenario(scenario: Scenario, env: ScenarioEnvironment): Promise<DemoSessions> {
  const { clock, stopped } = env;
  const startedAtMs = clock.nowMs();
  const waves: Wave[] = [];
  let step = 'customers come';
  const frames = startFrames(clock, () => {
    env.show(describe(scenario, env, { step, startedAtMs, sessions: countSessions(waves) }));
  });
  const sendAllHome = () => Promise.all(waves.map(sendHome));
  const onStop = () => void sendAllHome();
  stopped.addEventListener('abort', onStop, { once: true });
  env.setDemand(() => waves.reduce((sum, wave) => sum + demandOf(wave), 0));
  try {
    const regulars = Math.round((scenario.sessions * fewestPods) / mostPods);
    const rush = { places: scenario.sessions - regulars, meanLifeMs: 3000 };
    // Regulars are there before anybody else: a Service that deals connections in turn puts them on all five pods. With the rush among
    // them it was the rhythm of arrivals that decided, and could leave them all on the two pods that stay.
    waves.push(
      openWave(scenario, env, { number: 1, places: regulars, meanLifeMs: 10_000, arrivalsPerSecond: Infinity }),
      openWave(scenario, env, { ...rush, number: 2 }),
    );
    await sleep(clock, scenario.durationMs * lullAt, stopped);
    step = 'the rush is over: pods are taken away';
    void sendHome(waves[1]);
    await sleep(clock, scenario.durationMs * (rushAt - lullAt), stopped);
    step = 'the next rush: pods are added';
    if (!stopped.aborted) waves.push(openWave(scenario, env, { ...rush, number: 3 }));
    await sleep(clock, scenario.durationMs * (1 - rushAt), stopped);
    step = 'closing time: the last customers finish and log out';
    await sendAllHome();
    return countSessions(waves);
  } finally {
    frames();
    stopped.removeEventListener('abort', onStop);
    env.setDemand(undefined);
  }
}

/** Customers who come and go together. `places`: how many at one time. */
type Wave = { load: Load; places: number; isClosed: boolean };

/** While a wave is on its way it asks for its places, and afterwards for those who are still there. */
const demandOf = ({ load, places, isClosed }: Wave): number => (isClosed ? summarize(load.sessionLog).alive : places);

async function sendHome(wave: Wave | undefined): Promise<void> {
  if (wave === undefined) return;
  wave.isClosed = true;
  await wave.load.sendHome();
}

type WaveOptions = Pick<LoadOptions, 'meanLifeMs' | 'arrivalsPerSecond'> & { number: number; places: number };

function openWave(
  { target, seed, namespace }: Scenario,
  { cluster }: ScenarioEnvironment,
  { number, places, ...pace }: WaveOptions,
): Wave {
  const options: LoadOptions = {
    run: `${namespace}: wave ${number}`,
    seed: seed * 10 + number,
    target,
    sessions: places,
    webSockets: Math.floor(places / 5),
    eventStreams: Math.floor(places / 10),
    ...pace,
    thinkTimeMs: 400,
    // Each place has an address of its own, which a Service's affinity can go by.
    ...(cluster.isLocal && {
      addressOf: (place: number) => `127.${127 - number}.${Math.floor(place / 250)}.${(place % 250) + 1}`,
    }),
  };
  return { load: startLoad(options), places, isClosed: false };
}

function countSessions(waves: readonly Wave[]): DemoSessions {
  const summaries = waves.map(({ load }) => summarize(load.sessionLog));
  const sum = (name: keyof DemoSessions) => summaries.reduce((total, summary) => total + summary[name], 0);
  return { started: sum('started'), ended: sum('ended'), lost: sum('lost'), alive: sum('alive') };
}

type Moment = { step: string; startedAtMs: number; sessions: DemoSessions };

const describe = (
  { title, namespace, durationMs }: Scenario,
  { cluster, clock }: ScenarioEnvironment,
  { step, startedAtMs, sessions }: Moment,
): DemoState => ({
  title,
  step,
  elapsedMs: clock.nowMs() - startedAtMs,
  durationMs,
  wantedReplicas: readDeployment(cluster, namespace)?.spec.replicas ?? 0,
  pods: readPods(cluster, namespace, clock.nowMs()),
  sessions,
  events: readEvents(cluster, namespace).filter(({ atMs }) => atMs >= startedAtMs),
});

function startFrames(clock: Clock, show: () => void): () => void {
  let cancel = () => {};
  const next = () => {
    show();
    cancel = clock.after(frameMs, next);
  };
  next();
  return () => {
    cancel();
  };
}
