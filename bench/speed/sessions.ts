/** Begins sessions, and verifies that each stays on its pod: a proxy that does not keep sessions does less than the others. */
import { randomBytes } from 'node:crypto';
import { ask, type Answer } from './ask.ts';
import type { Protocol } from './peers/peer.ts';

/** The pods that the requests of a session reached. */
export type Observed = { cookie: string; pods: readonly string[] };

export type Begin = { protocol: Protocol; port: number; count: number; sticky: boolean };

/** Requests of a session after that which began it. */
const repeats = 2;

/** A proxy that hashes cookies gives this many to the same one of two pods by chance once in 2³¹ runs; of 8, once in 128. */
const enoughToSpread = 32;

/** Returns the cookies of the sessions. */
export async function beginSessions({ count, sticky, ...at }: Begin): Promise<string[]> {
  const observed: Observed[] = [];
  for (let number = 0; number < count; number += 1) observed.push(await beginSession(at));
  const problem = sticky ? problemOf(observed) : undefined;
  if (problem !== undefined) throw new Error(`sessions do not stick, because ${problem}`);
  return observed.map(({ cookie }) => cookie);
}

async function beginSession({ protocol, port }: Pick<Begin, 'protocol' | 'port'>): Promise<Observed> {
  const first = await answered(protocol, port, undefined);
  // A proxy that sets no cookie relies on the app's cookie.
  const cookie = first.cookie ?? `session=${randomBytes(16).toString('hex')}`;
  const pods = first.cookie === undefined ? [] : [first.pod];
  for (let repeat = 0; repeat < repeats; repeat += 1) pods.push((await answered(protocol, port, cookie)).pod);
  return { cookie, pods };
}

async function answered(protocol: Protocol, port: number, cookie: string | undefined): Promise<Answer> {
  const answer = await ask(protocol, port, { path: '/64', cookie });
  if (answer.status !== 200) throw new Error(`the first requests received status ${answer.status}`);
  return answer;
}

/** Several sessions on one pod only are no proof: every request might go there. */
export function problemOf(observed: readonly Observed[]): string | undefined {
  const moved = observed.find(({ pods }) => new Set(pods).size > 1);
  if (moved !== undefined) return `the requests of one session reached the pods ${moved.pods.join(', ')}`;
  if (observed.some(({ pods }) => pods.includes(''))) return 'the responses do not name a pod';
  const pods = new Set(observed.flatMap((session) => session.pods));
  if (observed.length >= enoughToSpread && pods.size === 1) return `all ${observed.length} sessions are on one pod`;
  return undefined;
}
