/** What the tests expect of sessions, in the terms of GEP-1619. */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { hostOf, type Base } from './base.ts';
import { cookieHeader, type Ask, type Echo, type SetCookie } from './client.ts';

/** As many as the GEP plans to send in a session. */
const requestsInSession = 50;
/** As long as the suite waits for a consistent response. */
const limitMs = 30_000;

/** Asks without a session until the first response that starts one, because proxies are programmed after a route is accepted. */
export const untilCookie = (base: Base, route: string, path = '/'): Promise<{ cookie: SetCookie; first: Echo }> =>
  until(
    `a session of ${route}${path}`,
    async () => {
      const first = await base.ask({ host: hostOf(route), path });
      const [cookie] = first.setCookies;
      return first.status === 200 && cookie !== undefined ? { cookie, first } : undefined;
    },
    limitMs,
  );

/** Every request of the session reaches the pod of its first. A response may set a later cookie of the same session; the client keeps the first. */
export async function expectSticky(
  base: Base,
  route: string,
  {
    pod,
    headers,
    path = '/',
    requests = requestsInSession,
  }: {
    pod: string;
    headers: Record<string, string>;
    path?: string;
    requests?: number;
  },
): Promise<void> {
  for (let sent = 0; sent < requests; sent += 1) {
    const { status, pod: by } = await base.ask({ host: hostOf(route), path, headers });
    expect({ status, by }).toEqual({ status: 200, by: pod });
  }
}

/** Returns the pods that respond to requests that belong to no session. */
export async function podsWithoutSession(
  base: Base,
  route: string,
  request: Omit<Ask, 'host'> = {},
  requests = 30,
): Promise<Set<string>> {
  const pods = new Set<string>();
  for (let sent = 0; sent < requests; sent += 1) {
    const { status, pod } = await base.ask({ host: hostOf(route), ...request });
    expect(status).toBe(200);
    pods.add(pod);
  }
  return pods;
}

export const inSession = (cookie: SetCookie): { headers: Record<string, string> } => ({
  headers: cookieHeader(cookie),
});
