/** Session persistence of the rules of an HTTPRoute, as GEP-1619 specifies it. The official suite has no test of it. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../../support/full-cluster.ts';
import { until } from '../../support/kubectl.ts';
import { applyRoute, hostOf, openBase, type Base, type Rule } from './base.ts';
import { cookieHeader } from './client.ts';
import { generation, persistenceOf, type Persistence } from './generation.ts';
import { expectSticky, inSession, podsWithoutSession, untilCookie } from './sessions.ts';

const v1 = [{ name: 'backend-v1' }];

const rule = (persistence: Persistence, rest: Partial<Rule> = {}): Rule => ({
  backends: v1,
  sessionPersistence: persistenceOf(persistence),
  ...rest,
});

describeWithCluster(`sessionPersistence of a rule, ${generation}`, () => {
  let base: Base;
  beforeAll(async () => {
    base = await openBase();
  }, 300_000);

  test('Cookie: the first response sets a session cookie, and requests with it reach one pod', async () => {
    await applyRoute('cookie', [rule({})]);
    const { cookie, first } = await untilCookie(base, 'cookie');
    expect(first.setCookies).toHaveLength(1);
    expect(cookie.attributes.get('path')).toBe('/');
    expect([...cookie.attributes.keys()]).toContain('httponly');
    expect([...cookie.attributes.keys()]).not.toContain('max-age');
    expect([...cookie.attributes.keys()]).not.toContain('expires');
    await expectSticky(base, 'cookie', { pod: first.pod, ...inSession(cookie) });
    expect((await podsWithoutSession(base, 'cookie')).size).toBe(2);
  }, 90_000);

  test('Cookie: the cookie has the name of the field', async () => {
    await applyRoute('named', [rule({ name: 'my-session' })]);
    const { cookie, first } = await untilCookie(base, 'named');
    expect(cookie.name).toBe('my-session');
    await expectSticky(base, 'named', { pod: first.pod, ...inSession(cookie) });
  }, 90_000);

  test('Cookie, Permanent: Max-Age or Expires is the absolute timeout', async () => {
    await applyRoute('permanent', [rule({ lifetimeType: 'Permanent', absoluteTimeout: '5m' })]);
    const { cookie, first } = await untilCookie(base, 'permanent');
    const maxAgeS = Number(cookie.attributes.get('max-age'));
    expect(maxAgeS).toBeGreaterThan(290);
    expect(maxAgeS).toBeLessThanOrEqual(300);
    await expectSticky(base, 'permanent', { pod: first.pod, ...inSession(cookie) });
  }, 90_000);

  test('Cookie, Session: the absolute timeout ends the session although the client keeps the cookie', async () => {
    await applyRoute('timeout', [rule({ absoluteTimeout: '3s' })]);
    const { cookie, first } = await untilCookie(base, 'timeout');
    const startedAtMs = Date.now();
    await expectSticky(base, 'timeout', { pod: first.pod, ...inSession(cookie), requests: 3 });
    await until('a session on the other pod', async () => {
      const { pod } = await base.ask({ host: hostOf('timeout'), headers: cookieHeader(cookie) });
      return pod !== '' && pod !== first.pod;
    });
    // The proxy dates a session in whole seconds.
    expect(Date.now() - startedAtMs).toBeGreaterThan(1500);
  }, 90_000);

  test('Header: the response has the header, and requests with its value reach one pod', async () => {
    await applyRoute('header', [rule({ type: 'Header', name: 'x-my-session' })]);
    const first = await until('a session in a header', async () => {
      const response = await base.ask({ host: hostOf('header') });
      return response.headers['x-my-session'] === undefined ? undefined : response;
    });
    expect(first.setCookies).toEqual([]);
    const headers = { 'x-my-session': String(first.headers['x-my-session']) };
    await expectSticky(base, 'header', { pod: first.pod, headers });
    expect((await podsWithoutSession(base, 'header')).size).toBe(2);
  }, 90_000);

  test('two rules with one Service never share a session', async () => {
    await applyRoute('rules', [rule({}, { path: '/one' }), rule({}, { path: '/two' })]);
    const one = await untilCookie(base, 'rules', '/one');
    const two = await untilCookie(base, 'rules', '/two');
    expect(two.cookie.name).not.toBe(one.cookie.name);
    const headers = cookieHeader(one.cookie, two.cookie);
    await expectSticky(base, 'rules', { pod: one.first.pod, headers, path: '/one', requests: 10 });
    await expectSticky(base, 'rules', { pod: two.first.pod, headers, path: '/two', requests: 10 });
    // Under the name of the other cookie the session means nothing: each request begins another one.
    const forged = cookieHeader({ ...one.cookie, name: two.cookie.name });
    expect((await podsWithoutSession(base, 'rules', { path: '/two', headers: forged })).size).toBe(2);
  }, 90_000);

  test('two routes with one Service never share a session', async () => {
    await applyRoute('first', [rule({})]);
    await applyRoute('second', [rule({})]);
    const first = await untilCookie(base, 'first');
    const second = await untilCookie(base, 'second');
    expect(second.cookie.name).not.toBe(first.cookie.name);
  }, 90_000);

  test('a session keeps its Service when the weight of the Service becomes 0', async () => {
    const split = (v1Weight: number, v2Weight: number): Rule =>
      rule(
        {},
        {
          backends: [
            { name: 'backend-v1', weight: v1Weight },
            { name: 'backend-v2', weight: v2Weight },
          ],
        },
      );
    await applyRoute('weights', [split(0, 1)]);
    const { cookie, first } = await untilCookie(base, 'weights');
    expect(first.pod).toMatch(/^backend-v2-/);
    await applyRoute('weights', [split(1, 0)]);
    await until('the other Service', async () =>
      (await base.ask({ host: hostOf('weights') })).pod.startsWith('backend-v1-'),
    );
    await expectSticky(base, 'weights', { pod: first.pod, ...inSession(cookie) });
    for (const pod of await podsWithoutSession(base, 'weights')) expect(pod).toMatch(/^backend-v1-/);
  }, 90_000);

  test('without sessionPersistence there is no session', async () => {
    await applyRoute('plain', [{ backends: v1 }]);
    await until('a response', async () => (await base.ask({ host: hostOf('plain') })).status === 200);
    const { setCookies, headers } = await base.ask({ host: hostOf('plain') });
    expect(setCookies).toEqual([]);
    expect(headers['cache-control']).toBeUndefined();
    expect((await podsWithoutSession(base, 'plain')).size).toBe(2);
  }, 90_000);
});
