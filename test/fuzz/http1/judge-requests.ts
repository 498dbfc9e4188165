/** The rules of the fuzzer for requests. Each function returns what is wrong. */
import { classify, Field } from '../../../src/dataplane/http/fields.ts';
import { cookieName } from '../../support/proxy-table.ts';
import type { Routed } from '../target.ts';
import { fingerprint } from './app.ts';
import { knownMethods, type LlhttpReader, type Message } from './llhttp.ts';

type Forwarded = {
  /** As the proxy has read them, in their order. */
  routed: readonly Routed[];
  /** As the app has got them. */
  requests: readonly Message[];
  /** As llhttp reads what the client has sent. */
  direct: readonly Message[];
};

/** Origin form, as the proxy forwards it. */
const originForm = (url: string): string => {
  const rest = /^https?:\/\/[^/?]*(.*)$/iu.exec(url)?.[1];
  if (rest === undefined) return url;
  return rest.startsWith('/') ? rest : `/${rest}`;
};

const targetOf = ({ path, query }: Routed): string => (query === '' ? path : `${path}?${query}`);
/** An empty query is not forwarded with an absolute target. */
const withoutEmptyQuery = (target: string): string => (target.endsWith('?') ? target.slice(0, -1) : target);

export function judgeForwarded({ routed, requests, direct }: Forwarded): string | undefined {
  let forwarded = 0;
  for (const [index, read] of routed.entries()) {
    // llhttp reads nothing after it.
    if (!knownMethods.has(read.method)) return undefined;
    const alone = direct[index];
    if (alone === undefined) return `the proxy reads a request that llhttp does not: ${read.method} ${read.path}`;
    const [ours, theirs] = [targetOf(read), alone.url].map((target) => withoutEmptyQuery(originForm(target)));
    if (read.method !== alone.method || ours !== theirs) {
      return `the proxy reads ${read.method} ${ours}, llhttp ${alone.method} ${theirs}`;
    }
    const request = read.isForwarded ? requests[forwarded] : undefined;
    forwarded += request === undefined ? 0 : 1;
    const difference = request === undefined ? undefined : differenceOf(request, alone);
    if (difference !== undefined) return difference;
  }
  return requests.length > forwarded
    ? `the app got ${requests.length} requests, the proxy sent ${forwarded}`
    : undefined;
}

function differenceOf(request: Message, alone: Message): string | undefined {
  if (!alone.isComplete) return `the app got a whole request of which llhttp has read a part: ${request.url}`;
  const pairs = [
    ['method', request.method, alone.method],
    ['target', withoutEmptyQuery(request.url), withoutEmptyQuery(originForm(alone.url))],
    ['body', request.body, alone.body],
    ['fields', linesOf(request.headers, []), linesOf(alone.headers, namedBy(alone))],
    ['trailers', linesOf(request.trailers, []), linesOf(alone.trailers, [])],
  ] as const;
  const wrong = pairs.find(([, through, direct]) => through !== direct);
  return (
    wrong &&
    `the ${wrong[0]} that the app got: ${JSON.stringify(wrong[1])}, that llhttp reads: ${JSON.stringify(wrong[2])}`
  );
}

/** What the Connection field takes away. */
export const namedBy = ({ headers }: Pick<Message, 'headers'>): string[] =>
  headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((name) => name.trim());

/** Of fields that the proxy does not interpret: those must pass unchanged. */
const linesOf = (fields: readonly (readonly [string, string])[], removed: readonly string[]): string =>
  fields
    .filter(([name]) => classify(Buffer.from(name, 'latin1'), 0, name.length) === Field.Other)
    .filter(([name]) => !removed.includes(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

/** The app must not see the token of a session as the cookie that carries it. */
export function tokenProblem(requests: readonly Message[], token: string): string | undefined {
  const cookies = requests
    .flatMap(({ headers, trailers }) => [...headers, ...trailers])
    .filter(([name]) => name.toLowerCase().replaceAll('_', '-') === 'cookie')
    .flatMap(([, value]) => value.split(';'))
    .map((cookie) => cookie.trim());
  const leaked = cookies.find((cookie) => cookie.startsWith(`${cookieName}=`) && cookie.includes(token));
  return leaked === undefined ? undefined : `the app got a session token: ${leaked}`;
}

/** Those of the app in their order, each to its request, and one refusal at most, which is the last. */
export function judgeResponses({ messages, error }: LlhttpReader, requests: readonly Message[]): string | undefined {
  if (error !== undefined) return `a response to the client is not valid HTTP: ${error}`;
  const finals = messages.filter(({ status }) => status >= 200);
  const ofApp = finals.filter(({ headers }) => headers.some(([name]) => name === 'X-App'));
  if (ofApp.length !== requests.length) {
    return `the app has answered ${requests.length} requests, and the client got ${ofApp.length} of its responses`;
  }
  for (const [index, response] of ofApp.entries()) {
    const request = requests[index];
    const expected = request === undefined || request.method === 'HEAD' ? '' : fingerprint(request);
    if (response.body !== expected || !response.isComplete) {
      return `the response to ${request?.url} is ${JSON.stringify(response.body)}, not ${JSON.stringify(expected)}`;
    }
  }
  const refused = finals.findIndex(({ status, keepsAlive }) => status >= 400 && !keepsAlive);
  return refused < 0 || refused === finals.length - 1 ? undefined : 'a response follows a refusal';
}
