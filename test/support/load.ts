/**
 * Customers of the example shop, many at a time, over a seed that can be replayed. Each of `sessions` places is taken by
 * one customer after another: log in, look around, put things into the cart or talk over a WebSocket, log out.
 */
import { sleep, systemClock } from '../../src/platform/clock.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { createRandom, exponential } from './load-random.ts';
import type { Random } from './load-random.ts';
import { SessionLost } from './shop-client-answer.ts';
import { createShopClient } from './shop-client.ts';
import type { ShopClient, ShopTarget } from './shop-client.ts';
import type { SessionRecord, Truth } from './truth.ts';

export type LoadOptions = {
  /** Names the run in its summary. */
  run: string;
  seed: number;
  target: ShopTarget;
  /** Customers at one time. */
  sessions: number;
  /** As many of them talk over a WebSocket. */
  webSockets: number;
  meanLifeMs: number;
  /** Mean pause between two requests of a customer. */
  thinkTimeMs: number;
  /** How fast the places fill at the start; default: all within a second. */
  arrivalsPerSecond?: number;
  /** Customers per place; default: one after another until stopped. */
  customersPerPlace?: number;
  answerTimeoutMs?: number;
  clock?: Clock;
};

export type Load = {
  /** As it is now; it grows while the load runs. */
  truth: Truth;
  /** No new customers; resolves when the last has left on its own terms. */
  stop(): Promise<Truth>;
  /** No new customers, and all log out at their next step. */
  sendHome(): Promise<Truth>;
  /** Resolves when the last customer has left. */
  finished: Promise<Truth>;
};

/** What every customer of one run has in common. */
type World = LoadOptions & { clock: Clock; truth: Truth; closing: AbortSignal; goHome: AbortSignal };

export function startLoad(options: LoadOptions): Load {
  const closing = new AbortController();
  const goHome = new AbortController();
  const truth: Truth = { run: options.run, seed: options.seed, sessions: [], refused: [] };
  const world: World = { clock: systemClock, ...options, truth, closing: closing.signal, goHome: goHome.signal };
  const places = Array.from({ length: options.sessions }, (_, place) => fillPlace(world, place));
  const finished = Promise.all(places).then(() => truth);
  return {
    truth,
    finished,
    stop() {
      closing.abort();
      return finished;
    },
    sendHome() {
      closing.abort();
      goHome.abort();
      return finished;
    },
  };
}

/** As many customers as there are places, once. */
export const runLoad = (options: LoadOptions): Promise<Truth> => startLoad({ customersPerPlace: 1, ...options }).finished;

async function fillPlace(world: World, place: number): Promise<void> {
  const { clock, closing, arrivalsPerSecond = world.sessions, customersPerPlace = Infinity } = world;
  await sleep(clock, (place * 1000) / arrivalsPerSecond, closing);
  for (let customer = 0; customer < customersPerPlace && !closing.aborted; customer += 1) {
    await visit(world, place, customer);
  }
}

/** One customer's visit. Its choices depend on the seed and its number only, not on what others do meanwhile. */
async function visit(world: World, place: number, customer: number): Promise<void> {
  const random = createRandom(world.seed, place, customer);
  const client = createShopClient(world.target, world.answerTimeoutMs);
  try {
    const session = await begin(world, client, { id: `${place}.${customer}`, type: place < world.webSockets ? 'WebSocket' : 'Http' });
    if (session) await spend(world, { client, session, random });
    else await sleep(world.clock, world.thinkTimeMs, world.closing);
  } finally {
    client.close();
  }
}

async function begin({ clock, truth }: World, client: ShopClient, who: Pick<SessionRecord, 'id' | 'type'>): Promise<SessionRecord | undefined> {
  const startedAtMs = clock.nowMs();
  try {
    const pod = await client.login();
    const session: SessionRecord = { ...who, pod, startedAtMs, lastSeenAtMs: clock.nowMs() };
    truth.sessions.push(session);
    return session;
  } catch (error) {
    truth.refused.push({ what: whatOf(error), atMs: clock.nowMs() });
    return undefined;
  }
}

type Visitor = { client: ShopClient; session: SessionRecord; random: Random };

async function spend(world: World, visitor: Visitor): Promise<void> {
  const { session } = visitor;
  try {
    await (session.type === 'WebSocket' ? talk(world, visitor) : shop(world, visitor));
    await visitor.client.logout();
  } catch (error) {
    session.loss = { kind: error instanceof SessionLost ? error.kind : 'BadAnswer', what: whatOf(error), atMs: world.clock.nowMs() };
  }
  session.endedAtMs = world.clock.nowMs();
}

async function shop(world: World, visitor: Visitor): Promise<void> {
  const { client, random } = visitor;
  let items = 0;
  await repeat(world, visitor, () => (random() < 0.3 ? client.addItem(`item ${(items += 1)}`) : client.viewCart()));
}

async function talk(world: World, visitor: Visitor): Promise<void> {
  const socket = await visitor.client.openWebSocket();
  try {
    await repeat(world, visitor, () => socket.ping());
    await socket.bye();
  } finally {
    socket.destroy();
  }
}

/** Thinks and acts until the customer's time is over. */
async function repeat({ clock, goHome, meanLifeMs, thinkTimeMs }: World, { session, random }: Visitor, act: () => Promise<void>): Promise<void> {
  const leaveAtMs = clock.nowMs() + exponential(random, meanLifeMs);
  for (let leftMs = leaveAtMs - clock.nowMs(); leftMs > 0 && !goHome.aborted; leftMs = leaveAtMs - clock.nowMs()) {
    // Uniform from half the mean to one and a half: customers do not march in step.
    await sleep(clock, Math.min(thinkTimeMs * (0.5 + random()), leftMs), goHome);
    await act();
    session.lastSeenAtMs = clock.nowMs();
  }
}

const whatOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
