/** A proxy as the operator sees it: it has a token of a pod, follows the resources of its Gateway, and reports the sessions of each endpoint. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createResourceStore } from '../../src/wire/resource-store.ts';
import type { Report } from '../../src/wire/messages.ts';
import { parseReportAnswer } from '../../src/wire/proxy-messages.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import { parseStreamMessage } from '../../src/wire/stream-messages.ts';

export type TrafficProxy = {
  /** Reports other counts of all endpoints, as each second. */
  report: () => Promise<void>;
  /** Resolves when a report has acknowledged a table in which this pod drains. */
  untilDraining: (podUid: string) => Promise<void>;
};

type Identity = { port: number; token: string };
type Waiting = { podUid: string; done: () => void };

const sessionTimeoutMs = 1_800_000;
const [maxTries, pauseMs] = [300, 100];

export async function startTrafficProxy(identity: Identity, failed: (error: unknown) => void): Promise<TrafficProxy> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const store = createResourceStore();
  const startedAtMs = Date.now();
  const waiting = new Set<Waiting>();
  let [nonce, sequence] = [0, 0];
  let isKnown = false;
  /** The report before, on which the next one builds; after the first, so that all are of changes, as those of a proxy. */
  let before: Pick<Report, 'sequence' | 'endpoints'> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** Returns false while the operator does not know the pod yet. */
  async function sendReport(): Promise<boolean> {
    sequence += 1;
    const table = store.table();
    const endpoints = countsOf(table, sequence);
    const body: Report = {
      startedAtMs,
      sequence,
      ...(before && { since: before.sequence, gone: goneOf(before.endpoints, endpoints) }),
      ...(nonce > 0 && { acknowledged: { nonce, refused: [] } }),
      endpoints,
      ended: [],
      seen: [],
      keyRings: {},
    };
    const response = await send(agent, identity, { path: '/v1/report', body });
    if (response.statusCode === 403 && !isKnown) {
      response.resume();
      return false;
    }
    if (response.statusCode !== 200) throw new Error(`a report got ${response.statusCode}`);
    isKnown = true;
    const answer = parseReportAnswer(await text(response));
    before = 'problem' in answer || answer.value.complete ? undefined : { sequence, endpoints };
    for (const one of waiting) if (drains(table, one.podUid)) one.done();
    return true;
  }

  /** One after the other: each builds on the one before. */
  function report(): Promise<boolean> {
    const sent = turn.then(sendReport);
    turn = sent.catch(() => undefined);
    return sent;
  }

  const stream = await send(agent, identity, { path: '/v1/resources', body: { have: {} } });
  if (stream.statusCode !== 200) throw new Error(`the stream of resources got ${stream.statusCode}`);
  const receive = (line: string): void => {
    const parsed = parseStreamMessage(line);
    if ('problem' in parsed || parsed.value?.type !== 'delta') return;
    store.apply(parsed.value.delta);
    ({ nonce } = parsed.value);
    // A proxy reports at once after a change of the table.
    report().catch(failed);
  };
  readLines(stream, receive);
  for (let tries = 1; !(await report()); tries += 1) {
    if (tries === maxTries) throw new Error('the operator knows no such proxy');
    await sleep(pauseMs);
  }
  return {
    report: () => report().then(() => undefined),
    untilDraining: (podUid) =>
      new Promise((resolve) => {
        const one = {
          podUid,
          done: () => {
            waiting.delete(one);
            resolve();
          },
        };
        waiting.add(one);
      }),
  };
}

/** Other numbers in each report. */
function countsOf(table: RoutingTable | undefined, turn: number): Report['endpoints'] {
  const endpoints = Object.values(table?.backends ?? {}).flatMap((backend) => backend.endpoints);
  const expiresAtMs = Date.now() + sessionTimeoutMs;
  return endpoints.map(({ uid }, at) => ({ uid, sessions: 1 + ((at + turn) % 50), expiresAtMs }));
}

function goneOf(before: Report['endpoints'], after: Report['endpoints']): string[] {
  const present = new Set(after.map(({ uid }) => uid));
  return before.map(({ uid }) => uid).filter((uid) => !present.has(uid));
}

const drains = (table: RoutingTable | undefined, podUid: string): boolean =>
  Object.values(table?.backends ?? {}).some(({ endpoints }) =>
    endpoints.some(({ uid, state }) => uid === podUid && state === 'Draining'),
  );

function send(agent: Agent, { port, token }: Identity, { path, body }: { path: string; body: object }) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return new Promise<IncomingMessage>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, resolve);
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}

function readLines(stream: IncomingMessage, receive: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('error', () => undefined);
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) receive(line);
  });
}
