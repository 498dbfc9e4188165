/** What the proxy itself says when a request cannot be sent anywhere: the reason, for people, with the way out. */
import type { Reply } from '../routing.ts';
import type { KnownBackend } from './backends.ts';
import type { RefusalReason } from './counters.ts';
import type { NoPlace } from './placement.ts';

const retrySoon = 'Retry-After: 2\r\n';
/** Sessions end in minutes, not in moments. */
const retryLater = 'Retry-After: 10\r\n';

/** A new session that is not begun: counted by its reason. */
export type Refusal = Reply & { reason: RefusalReason };

export const notReady: Reply = {
  status: 503,
  reason: 'NotReady',
  body: 'This proxy has no routing table yet: it waits for the Holdfast operator. Try again in a moment.\n',
  extraHead: retrySoon,
};

export const noRoute: Reply = {
  status: 404,
  reason: 'NoRoute',
  body: 'No route matches the host and path of this request.\n',
};

export function noPlace(none: NoPlace): Refusal {
  if (none.reason === 'AllWeightsZero') return noWeight(none.key);
  if (none.reason === 'AllFull') return allFull(none.key, none.backend);
  const body = `No pod of ${none.key} accepts a new session: ${whyNoneAccepts(none.backend)}. Sessions that exist go on. Try again in a moment.\n`;
  return { status: 503, reason: 'NoEndpointAccepting', body, extraHead: retrySoon };
}

const noWeight = (route: string): Refusal => ({
  status: 503,
  reason: 'NoEndpointAccepting',
  body: `The route of ${route} begins no new sessions: the weight of each of its backends is 0. Sessions that exist go on.\n`,
  extraHead: retryLater,
});

function allFull(key: string, backend: KnownBackend | undefined): Refusal {
  const limit = backend?.source.maxSessionsPerEndpoint ?? 0;
  const body = `Each pod of ${key} that accepts new sessions has as many as it may have: ${limit} (maxSessionsPerEndpoint). Sessions that exist go on. Try again later.\n`;
  return { status: 503, reason: 'AllFull', body, extraHead: retryLater };
}

function whyNoneAccepts(backend: KnownBackend | undefined): string {
  if (backend === undefined) return 'the routing table does not have it';
  const { endpoints } = backend.source;
  if (endpoints.length === 0) return 'it has no pods';
  const draining = endpoints.filter(({ state }) => state === 'Draining').length;
  return `${count(endpoints.length - draining, 'pod')} not ready, ${count(draining, 'pod')} draining`;
}

export const connectFailed = (backend: string, tried: number): Refusal => ({
  status: 503,
  reason: 'UpstreamConnectFailed',
  body: `${count(tried, 'pod')} of ${backend} refused the connection. Try again in a moment.\n`,
  extraHead: retrySoon,
});

/** `clear`: the header line that takes the client's token away, so that its next request begins a new session. */
export const endpointLost = (backend: string, clear: string): Reply => ({
  status: 503,
  reason: 'EndpointLost',
  body: `Your session is lost: the pod of ${backend} that had it is gone. Your next request begins a new session.\n`,
  extraHead: `Retry-After: 0\r\n${clear}`,
});

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
