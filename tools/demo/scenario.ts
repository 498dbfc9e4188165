/**
 * The scenario of the demo: customers come to a shop in waves, and an autoscaler follows their number. The result is what the customers saw.
 *
 *     busy (5 pods) ──► regulars only (2 pods; three drain) ──► busy again (5 pods) ──► all customers leave
 */
import type { Clock } from '../../src/platform/clock.ts';
import { sleep } from '../../src/platform/clock.ts';
import { startLoad } from './customers/load.ts';
import type { Load, LoadOptions } from './customers/load.ts';
import { summarize } from './customers/session-log.ts';
import type { Address, DemoCluster } from './demo-cluster.ts';
import { readDeployment, readEvents, readPods } from './queries.ts';
import { fewestPods, mostPods } from './shop.ts';
import { addSessions, noSessions, type DemoSessions, type DemoState } from './state.ts';

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
  /** Number of customers, read at each sync of the autoscaler; undefined: as many as are expected. */
  setDemand: (count: (() => number) | undefined) => void;
  show: (state: DemoState) => void;
  /** When it aborts, customers log out at their next step. */
  stopped: AbortSignal;
};

const frameMs = 250;
/** Shares of the duration at which the second and the third wave begin. */
const lullAt = 0.3;
const rushAt = 0.65;
const scaledDownWithinMs = 30_000;

/** Resolves when the last customer has left. */
export async function runScenario(scenario: Scenario, env: ScenarioEnvironment): Promise<DemoSessions> {
  const { clock, stopped } = env;
  const startedAtMs = clock.nowMs();
  const waves: Wave[] = [];
  let step = 'customers arrive';
  const stopFrames = startFrames(clock, () => {
    env.show(describe(scenario, env, { step, startedAtMs, sessions: countSessions(waves) }));
  });
  const sendAllHome = () => Promise.all(waves.map(sendHome));
  const onStop = () => void sendAllHome();
  stopped.addEventListener('abort', onStop, { once: true });
  env.setDemand(() => waves.reduce((sum, wave) => sum + demandOf(wave), 0));
  try {
    const regulars = countRegulars(scenario);
    const rush = { places: scenario.sessions - regulars, meanLifeMs: 3000 };
    // Regulars arrive first: a Service that deals connections in turn spreads them over all five pods. Mixed with the rush, the order of
    // arrivals would decide, and could put all of them on the two pods that stay.
    waves.push(
      openWave(scenario, env, { number: 1, places: regulars, meanLifeMs: 10_000, arrivalsPerSecond: Infinity }),
      openWave(scenario, env, { ...rush, number: 2 }),
    );
    await sleep(clock, scenario.durationMs * lullAt, stopped);
    step = 'the rush is over: scaling down';
    void sendHome(waves[1]);
    await sleep(clock, scenario.durationMs * (rushAt - lullAt), stopped);
    await untilScaledDown(scenario, env);
    step = 'the next rush: scaling up';
    if (!stopped.aborted) waves.push(openWave(scenario, env, { ...rush, number: 3 }));
    await sleep(clock, scenario.durationMs * (1 - rushAt), stopped);
    step = 'closing time: the last customers log out';
    await sendAllHome();
    return countSessions(waves);
  } finally {
    stopFrames();
    stopped.removeEventListener('abort', onStop);
    env.setDemand(undefined);
  }
}

/** The customers of the rush log out at their next step, and the autoscaler follows: a busy machine needs longer for both than the lull lasts. */
async function untilScaledDown(
  { namespace }: Scenario,
  { cluster, clock, stopped }: ScenarioEnvironment,
): Promise<void> {
  const untilMs = clock.nowMs() + scaledDownWithinMs;
  while (wantedReplicas(cluster, namespace) > fewestPods && clock.nowMs() < untilMs && !stopped.aborted) {
    await sleep(clock, frameMs, stopped);
  }
}

const wantedReplicas = (cluster: DemoCluster, namespace: string): number =>
  readDeployment(cluster, namespace)?.spec.replicas ?? 0;

export interface Regulars {
  sessions(): DemoSessions;
  /** Resolves when the last customer has left. */
  stop(): Promise<DemoSessions>;
}

const roundMs = 300_000;

/**
 * Customers who keep coming after the scenario, until they are stopped. Each round has a session log of its own, which is dropped at its end:
 * so memory does not grow with time.
 */
export function startRegulars(scenario: Scenario, env: ScenarioEnvironment): Regulars {
  const stopping = new AbortController();
  let past = noSessions;
  let open: Wave[] = [];
  const run = async (wave: Wave) => {
    await sleep(env.clock, roundMs, stopping.signal);
    // Customers of this round stay as long as they like, beside those of the next.
    await (stopping.signal.aborted ? wave.load.sendHome() : wave.load.stop());
    past = addSessions(past, countSessions([wave]));
    open = open.filter((other) => other !== wave);
  };
  const rounds = (async () => {
    const running: Promise<void>[] = [];
    for (let number = 4; !stopping.signal.aborted; number += 1) {
      const wave = openWave(scenario, env, { number, places: countRegulars(scenario), meanLifeMs: 15_000 });
      open.push(wave);
      running.push(run(wave));
      await sleep(env.clock, roundMs, stopping.signal);
    }
    await Promise.all(running);
  })();
  const sessions = () => addSessions(past, countSessions(open));
  return {
    sessions,
    async stop() {
      stopping.abort();
      for (const { load } of open) void load.sendHome();
      await rounds;
      return sessions();
    },
  };
}

const countRegulars = ({ sessions }: Scenario): number => Math.round((sessions * fewestPods) / mostPods);

/** Customers who come and leave together. `places`: how many at one time. */
type Wave = { load: Load; places: number; isClosed: boolean };

/** An open wave needs capacity for all of its places, a closed one for the customers who are still there. */
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
    // Each place has an address of its own, for a Service's affinity by client address.
    ...(cluster.isLocal && {
      addressOf: (place: number) => `127.${127 - (number % 8)}.${Math.floor(place / 250)}.${(place % 250) + 1}`,
    }),
  };
  return { load: startLoad(options), places, isClosed: false };
}

function countSessions(waves: readonly Wave[]): DemoSessions {
  return waves
    .map(({ load }) => summarize(load.sessionLog))
    .map(({ started, ended, lost, alive }) => ({ started, ended, lost, active: alive }))
    .reduce(addSessions, noSessions);
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
  wantedReplicas: wantedReplicas(cluster, namespace),
  pods: readPods(cluster, namespace, clock.nowMs()),
  sessions,
  events: readEvents(cluster, namespace).filter(({ atMs }) => atMs >= startedAtMs),
});

/** Shows the first frame at once. Returns a function that stops the frames. */
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
