/** What the tests expect of sessions, in the terms of GEP-1619. */
import { expect } from '@jest/globals';
import { until } from '../../support/kubectl.ts';
import { hostOf, type Base } from './base.ts';
import { cookieHeader, type Echo, type SetCookie } from './client.ts';

/** As many as the GEP plans to send in a session. */
const requestsInSession = 50;

/** Asks without a session until the first response that starts one, because proxies are programmed after a route is accepted. */
export const untilCookie = (base: Base, route: string, path = '/'): Promise<{ cookie: SetCookie; first: Echo }> =>
  until(`a session of ${route}${path}`, async () => {
    const first = await base.ask({ host: hostOf(route), path });
    const [cookie] = first.setCookies;
    return first.status === 200 && cookie !== undefined ? { cookie, first } : undefined;
  });

/** Every request of the session reaches the pod of its first, and no response replaces the cookie. */
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
    const { status, pod: by, setCookies } = await base.ask({ host: hostOf(route), path, headers });
    expect({ status, by, setCookies }).toEqual({ status: 200, by: pod, setCookies: [] });
  }
}

/** Returns the pods that responded to requests without a session. */
export async function podsWithoutSession(base: Base, route: string, requests = 30): Promise<Set<string>> {
  const pods = new Set<string>();
  for (let sent = 0; sent < requests; sent += 1) {
    const { status, pod } = await base.ask({ host: hostOf(route) });
    expect(status).toBe(200);
    pods.add(pod);
  }
  return pods;
}

export const inSession = (cookie: SetCookie): { headers: Record<string, string> } => ({
  headers: cookieHeader(cookie),
});
