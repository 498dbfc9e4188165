/** Responses of the proxy when a request has no pod to go to: what is wrong and what to do. */
import type { Reply } from '../routing.ts';
import type { CompiledBackend } from './backends.ts';
import type { RefusalReason } from './counters.ts';
import type { PlacementFailure } from './placement.ts';

const retrySoon = 'Retry-After: 2\r\n';
/** Sessions end in minutes, not in moments. */
const retryLater = 'Retry-After: 10\r\n';

/** A new session that is not begun: counted by its reason. */
export type Refusal = Reply & { reason: RefusalReason };

export const notReady: Reply = {
  status: 503,
  reason: 'NotReady',
  body: 'This proxy has no routing table yet: it is waiting for configuration from the Holdfast operator. Try again in a moment.\n',
  extraHead: retrySoon,
};

export const noRoute: Reply = {
  status: 404,
  reason: 'NoRoute',
  body: 'No route matches the host and path of this request.\n',
};

export function placementFailed(none: PlacementFailure): Refusal {
  if (none.reason === 'AllWeightsZero') return noWeight(none.key);
  if (none.reason === 'AllFull') return allFull(none.key, none.backend);
  const body = `No pod of ${none.key} accepts a new session: ${whyNoneAccepts(none.backend)}. Existing sessions are unaffected. Try again in a moment.\n`;
  return { status: 503, reason: 'NoEndpointAccepting', body, extraHead: retrySoon };
}

const noWeight = (route: string): Refusal => ({
  status: 503,
  reason: 'NoEndpointAccepting',
  body: `The route of ${route} accepts no new sessions: each of its backends has weight 0. Existing sessions are unaffected.\n`,
  extraHead: retryLater,
});

function allFull(key: string, backend: CompiledBackend | undefined): Refusal {
  const limit = backend?.source.maxSessionsPerEndpoint ?? 0;
  const body = `Each pod of ${key} that accepts new sessions has reached maxSessionsPerEndpoint (${limit}). Existing sessions are unaffected. Try again later.\n`;
  return { status: 503, reason: 'AllFull', body, extraHead: retryLater };
}

function whyNoneAccepts(backend: CompiledBackend | undefined): string {
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
