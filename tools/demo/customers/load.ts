/**
 * Many customers of the example shop, reproducible by a seed. Each of `sessions` places has one customer after another, who log in, view the cart,
 * add items, send messages over a WebSocket or receive events, and log out.
 */
import { sleep, systemClock } from '../../../src/platform/clock.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { createRandom, exponential } from './random.ts';
import type { Random } from './random.ts';
import { SessionLost } from './answer.ts';
import { createCookieJar } from './cookies.ts';
import type { CookieJar } from './cookies.ts';
import { reopening } from './reconnect.ts';
import type { Reconnect } from './reconnect.ts';
import { createShopClient } from './shop-client.ts';
import type { ShopClient, ShopTarget } from './shop-client.ts';
import type { SessionRecord, SessionType, SessionLog } from './session-log.ts';

export type LoadOptions = {
  /** Names the run in its summary. */
  run: string;
  seed: number;
  target: ShopTarget;
  /** Customers at one time. */
  sessions: number;
  /** As many of them talk over a WebSocket. */
  webSockets: number;
  /** As many of the others listen to events; default: none. */
  eventStreams?: number;
  meanLifeMs: number;
  /** Mean pause between two requests of a customer. */
  thinkTimeMs: number;
  /** How fast the places fill at the start; default: all within a second. */
  arrivalsPerSecond?: number;
  /** Customers per place; default: one after another until stopped. */
  customersPerPlace?: number;
  answerTimeoutMs?: number;
  /** For how long a customer tries to reconnect; default: a broken connection is a lost session. */
  reconnectMs?: number;
  /** For how long a customer repeats a request that a proxy answers with 503 and Retry-After; default: such an answer is a lost session. */
  patienceMs?: number;
  /** Each request over a connection of its own. */
  freshConnections?: boolean;
  /** A page that each customer opens before the login; see ShopClientOptions. */
  landingPage?: string;
  /** Share of the customers who leave without logging out, and log in again later with their cookies. */
  returning?: number;
  /** The address that the customers of a place come from; default: the machine's. */
  addressOf?: (place: number) => string;
  clock?: Clock;
};

export type Load = {
  /** It grows while the load runs. */
  sessionLog: SessionLog;
  /** Admits no new customers; resolves when the last has left. */
  stop(): Promise<SessionLog>;
  /** Admits no new customers, and all log out at their next step. */
  sendHome(): Promise<SessionLog>;
  /** Resolves when the last customer has left. */
  finished: Promise<SessionLog>;
};

/** What every customer of one run has in common. */
type World = LoadOptions & { clock: Clock; sessionLog: SessionLog; closing: AbortSignal; goHome: AbortSignal };

export function startLoad(options: LoadOptions): Load {
  const closing = new AbortController();
  const goHome = new AbortController();
  const sessionLog: SessionLog = { run: options.run, seed: options.seed, sessions: [], refused: [] };
  const world: World = { clock: systemClock, ...options, sessionLog, closing: closing.signal, goHome: goHome.signal };
  const places = Array.from({ length: options.sessions }, (_, place) => fillPlace(world, place));
  const finished = Promise.all(places).then(() => sessionLog);
  return {
    sessionLog,
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
export const runLoad = (options: LoadOptions): Promise<SessionLog> =>
  startLoad({ customersPerPlace: 1, ...options }).finished;

async function fillPlace(world: World, place: number): Promise<void> {
  const { clock, closing, arrivalsPerSecond = world.sessions, customersPerPlace = Infinity } = world;
  let cookies: CookieJar | undefined;
  await sleep(clock, (place * 1000) / arrivalsPerSecond, closing);
  for (let customer = 0; customer < customersPerPlace && !closing.aborted; customer += 1) {
    cookies = await visit(world, { place, customer, jar: cookies ?? createCookieJar() });
  }
}

type Arrival = { place: number; customer: number; jar: CookieJar };

/** One customer's visit. Returns the cookies that the next customer keeps. Its choices depend only on the seed and its number, not on other customers. */
async function visit(world: World, { place, customer, jar }: Arrival): Promise<CookieJar | undefined> {
  const random = createRandom(world.seed, place, customer);
  const session: SessionRecord = {
    id: `${place}.${customer}`,
    type: typeOf(world, place),
    pod: '',
    startedAtMs: world.clock.nowMs(),
    loginMs: 0,
    lastSeenAtMs: 0,
    cuts: [],
  };
  const reconnect = reconnectOf(world, session);
  const client = createShopClient(targetOf(world, place), {
    jar,
    ...clientOptions(world),
    ...(reconnect && { reconnect }),
  });
  try {
    if (await begin(world, client, session)) return await spend(world, { client, session, random, reconnect, jar });
    await sleep(world.clock, world.thinkTimeMs, world.closing);
    return undefined;
  } finally {
    client.close();
  }
}

const targetOf = ({ target, addressOf }: World, place: number): ShopTarget =>
  addressOf ? { ...target, localAddress: addressOf(place) } : target;

function typeOf({ webSockets, eventStreams = 0 }: World, place: number): SessionType {
  if (place < webSockets) return 'WebSocket';
  return place < webSockets + eventStreams ? 'Sse' : 'Http';
}

const clientOptions = ({ answerTimeoutMs, freshConnections, landingPage, patienceMs }: World) => ({
  ...(patienceMs !== undefined && { patience: { limitMs: patienceMs, onWait: () => undefined } }),
  ...(landingPage !== undefined && { landingPage }),
  ...(answerTimeoutMs !== undefined && { answerTimeoutMs }),
  ...(freshConnections !== undefined && { freshConnections }),
});

const reconnectOf = ({ clock, reconnectMs }: World, { cuts }: SessionRecord): Reconnect | undefined =>
  reconnectMs === undefined
    ? undefined
    : { limitMs: reconnectMs, onCut: (what) => cuts.push({ what, atMs: clock.nowMs() }) };

async function begin({ clock, sessionLog }: World, client: ShopClient, session: SessionRecord): Promise<boolean> {
  try {
    session.pod = await client.login();
    session.lastSeenAtMs = clock.nowMs();
    session.loginMs = session.lastSeenAtMs - session.startedAtMs;
    sessionLog.sessions.push(session);
    return true;
  } catch (error) {
    sessionLog.refused.push({ what: whatOf(error), atMs: clock.nowMs() });
    return false;
  }
}

type Visitor = {
  client: ShopClient;
  session: SessionRecord;
  random: Random;
  reconnect: Reconnect | undefined;
  jar: CookieJar;
};

const activities: Record<SessionType, (world: World, visitor: Visitor) => Promise<void>> = {
  Http: shop,
  WebSocket: talk,
  Sse: listen,
};

async function spend(world: World, visitor: Visitor): Promise<CookieJar | undefined> {
  const { session, random, jar } = visitor;
  try {
    await activities[session.type](world, visitor);
    const comesBack = random() < (world.returning ?? 0) && !world.closing.aborted;
    if (comesBack) return jar;
    await visitor.client.logout();
  } catch (error) {
    session.loss = {
      kind: error instanceof SessionLost ? error.kind : 'BadAnswer',
      what: whatOf(error),
      atMs: world.clock.nowMs(),
    };
  } finally {
    session.endedAtMs = world.clock.nowMs();
  }
  return undefined;
}

async function shop(world: World, visitor: Visitor): Promise<void> {
  const { client, random } = visitor;
  let items = 0;
  await repeat(world, visitor, () => (random() < 0.3 ? client.addItem(`item ${(items += 1)}`) : client.viewCart()));
}

async function talk(world: World, visitor: Visitor): Promise<void> {
  const socket = reopening(() => visitor.client.openWebSocket(), visitor.reconnect);
  try {
    await socket.open();
    await repeat(world, visitor, () => socket.use((open) => open.ping()));
    await socket.use((open) => open.bye());
  } finally {
    socket.close();
  }
}

async function listen(world: World, visitor: Visitor): Promise<void> {
  const events = reopening(() => visitor.client.openEvents(), visitor.reconnect);
  try {
    await events.open();
    await repeat(world, visitor, () => events.use((stream) => stream.next()));
  } finally {
    events.close();
  }
}

/** Repeats a step, with pauses, until the customer leaves. */
async function repeat(
  { clock, goHome, meanLifeMs, thinkTimeMs }: World,
  { session, random }: Visitor,
  attempt: () => Promise<void>,
): Promise<void> {
  const leaveAtMs = clock.nowMs() + exponential(random, meanLifeMs);
  for (let leftMs = leaveAtMs - clock.nowMs(); leftMs > 0 && !goHome.aborted; leftMs = leaveAtMs - clock.nowMs()) {
    // Uniform from half the mean to one and a half: customers do not march in step.
    await sleep(clock, Math.min(thinkTimeMs * (0.5 + random()), leftMs), goHome);
    await attempt();
    session.lastSeenAtMs = clock.nowMs();
  }
}

const whatOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
