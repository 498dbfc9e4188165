/** What the proxy itself says when a request cannot be sent anywhere: the reason, for people, with the way out. */
import type { Endpoint } from '../../core/table/routing-table.ts';
import type { Reply } from '../routing.ts';

const retrySoon = 'Retry-After: 2\r\n';

export const notReady: Reply = {
  status: 503,
  reason: 'NotReady',
  body: 'This proxy has no routing table yet: it waits for the Holdfast operator. Try again in a moment.\n',
  extraHead: retrySoon,
};

export const noRoute: Reply = { status: 404, reason: 'NoRoute', body: 'No route matches the host and path of this request.\n' };

/** `endpoints`: undefined where the backend is not in the routing table. */
export function noEndpointAccepting(backend: string, endpoints: readonly Endpoint[] | undefined): Reply {
  const body = `No pod of ${backend} accepts a new session: ${whyNoneAccepts(endpoints)}. Sessions that exist go on. Try again in a moment.\n`;
  return { status: 503, reason: 'NoEndpointAccepting', body, extraHead: retrySoon };
}

function whyNoneAccepts(endpoints: readonly Endpoint[] | undefined): string {
  if (endpoints === undefined) return 'the routing table does not have it';
  if (endpoints.length === 0) return 'it has no pods';
  const draining = endpoints.filter(({ state }) => state === 'Draining').length;
  return `${count(endpoints.length - draining, 'pod')} not ready, ${count(draining, 'pod')} draining`;
}

export const connectFailed = (backend: string, tried: number): Reply => ({
  status: 503,
  reason: 'UpstreamConnectFailed',
  body: `${count(tried, 'pod')} of ${backend} refused the connection. Try again in a moment.\n`,
  extraHead: retrySoon,
});

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
