/** Responses of the proxy to requests that it cannot send to a pod: what is wrong and what to do. */
import type { HeaderField } from '../http/header-fields.ts';
import type { Reply } from '../routing.ts';
import type { NoneReason } from '../../core/balance/balance.ts';
import type { Backend } from '../../wire/routing-table.ts';
import type { CompiledBackend } from './compiled-table.ts';
import type { KeptSessionRefusalReason, NewSessionRefusalReason, UpstreamRefusalReason } from './counters.ts';

const retryAfter = (seconds: number): HeaderField => ({ name: 'Retry-After', value: String(seconds) });
const retrySoon = [retryAfter(2)];
/** Sessions end in minutes, not in seconds. */
const retryLater = [retryAfter(10)];

/** The reply to a request of a session that is kept; counted by its reason. */
export type KeptSessionRefusal = Reply & { reason: KeptSessionRefusalReason };

/** The reply to a request that did not reach its pod because of this proxy, whether its session is new or kept. */
export type ProxyRefusal = Reply & { reason: UpstreamRefusalReason };

/** The reply to a request whose new session is refused; counted by its reason. */
export type NewSessionRefusal = Reply & { reason: NewSessionRefusalReason };

/** The reason is that of the backend that was drawn first. `backend`: undefined if the table does not have it. */
export type PlacementFailure = { kind: 'none'; reason: NoneReason; key: string; backend: CompiledBackend | undefined };

export const notReady: Reply = {
  status: 503,
  reason: 'NotReady',
  body: 'This proxy has no routing table yet: it is waiting for configuration from the Holdfast operator. Try again in a moment.\n',
  headers: retrySoon,
};

export const noRoute: Reply = {
  status: 404,
  reason: 'NoRoute',
  body: 'No route matches the host and path of this request.\n',
};

export function placementFailed(failure: PlacementFailure): NewSessionRefusal {
  if (failure.reason === 'AllFull') return allFull(failure.key, failure.backend);
  const body = `No pod of ${failure.key} accepts a new session: ${reasonNoneAccepts(failure.backend)}. Existing sessions are unaffected. Try again in a moment.\n`;
  return { status: 503, reason: 'NoEndpointAccepting', body, headers: retrySoon };
}

/** Of a backend without sessions. */
export const noEndpoint = (key: string, backend: { source: Backend } | undefined): Reply => ({
  status: 503,
  reason: 'NoEndpointAccepting',
  body: `No endpoint of ${key} is ready: ${reasonNoneAccepts(backend)}. Try again in a moment.\n`,
  headers: retrySoon,
});

/** The status of these two is that of Gateway API (HTTPRouteRule.backendRefs). */
export const noBackend: Reply = {
  status: 500,
  reason: 'NoBackend',
  body: 'The route of this request has no backend with a weight above 0. Existing sessions are unaffected.\n',
};

export const backendUnresolved: Reply = {
  status: 500,
  reason: 'BackendUnresolved',
  body: 'A backend of the route of this request does not exist, or must not be used: see the condition ResolvedRefs of the route.\n',
};

function allFull(key: string, backend: CompiledBackend | undefined): NewSessionRefusal {
  const limit = backend?.source.sessions?.maxPerEndpoint ?? 0;
  const body = `Each pod of ${key} that accepts new sessions has reached maxSessionsPerEndpoint (${limit}). Existing sessions are unaffected. Try again later.\n`;
  return { status: 503, reason: 'AllFull', body, headers: retryLater };
}

function reasonNoneAccepts(backend: { source: Backend } | undefined): string {
  if (backend === undefined) return 'the routing table does not have it';
  const { endpoints } = backend.source;
  if (endpoints.length === 0) return 'it has no pods';
  const draining = endpoints.filter(({ state }) => state === 'Draining').length;
  return `${count(endpoints.length - draining, 'pod')} not ready, ${count(draining, 'pod')} draining`;
}

export const connectFailed = (backend: string, tried: number): NewSessionRefusal => ({
  status: 503,
  reason: 'UpstreamConnectFailed',
  body: `${count(tried, 'pod')} of ${backend} did not accept the connection. Try again in a moment.\n`,
  headers: retrySoon,
});

export const podUnreachable = (backend: string): KeptSessionRefusal => ({
  status: 503,
  reason: 'UpstreamConnectFailed',
  body: `The pod of ${backend} that has your session does not accept connections at the moment. Your session is kept. Try again in a moment.\n`,
  headers: retrySoon,
});

export const podAbsent = (backend: string): KeptSessionRefusal => ({
  status: 503,
  reason: 'UpstreamConnectFailed',
  body: `The pod of ${backend} that has your session is being replaced. Your session is kept and waits for it. Try again in a moment.\n`,
  headers: retrySoon,
});

export const tableOutdated = (backend: string): KeptSessionRefusal => ({
  status: 503,
  reason: 'TableOutdated',
  body: `This proxy does not know the pod of ${backend} that has your session yet: its routing table is older than the session. Your session is kept. Try again in a moment.\n`,
  headers: retrySoon,
});

export const tooManyRequests = (backend: string): ProxyRefusal => ({
  status: 503,
  reason: 'TooManyRequests',
  body: `The pod of ${backend} has not answered as many requests as one proxy may send to it (limits.requestsPerEndpoint of HoldfastProxy). No session is lost. Try again in a moment.\n`,
  headers: retrySoon,
});

export const outOfResources = (backend: string): ProxyRefusal => ({
  status: 503,
  reason: 'ProxyOutOfResources',
  body: `This proxy has no free file, port or memory for a connection to ${backend}. No session is lost. Try again in a moment.\n`,
  headers: retrySoon,
});

/** `clear`: what removes the client's token, so that its next request starts a new session. */
export const endpointLost = (backend: string, clear: readonly HeaderField[]): Reply => ({
  status: 503,
  reason: 'EndpointLost',
  body: `Your session is lost: the pod of ${backend} that had it is gone. Your next request begins a new session.\n`,
  headers: [retryAfter(0), ...clear],
});

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
