/** Session persistence that is not in the route: of an XBackendTrafficPolicy, an XBackend and a StickyWorkload, and which of them applies. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../../support/full-cluster.ts';
import { until } from '../../support/kubectl.ts';
import { getObject, type LiveObject } from '../../support/objects.ts';
import { apply, applyRoute, hostOf, namespace, openBase, type Base } from './base.ts';
import { generation, persistenceOf, type Persistence } from './generation.ts';
import { expectSticky, inSession, untilCookie } from './sessions.ts';

const experimental = 'gateway.networking.x-k8s.io';
/** In v1.6 an XBackend is an external host name and has no sessions. */
const testOfBackends = generation === 'v1.6' ? test.skip : test;

const trafficPolicy = (name: string, service: string, fields: Persistence): object => ({
  apiVersion: `${experimental}/v1alpha1`,
  kind: 'XBackendTrafficPolicy',
  metadata: { name, namespace },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: service }], sessionPersistence: persistenceOf(fields) },
});

const xBackend = (name: string, fields: Persistence): object => ({
  apiVersion: `${experimental}/v1alpha1`,
  kind: 'XBackend',
  metadata: { name, namespace },
  spec: {
    type: 'EndpointSelector',
    endpointSelector: { matchLabels: { app: 'backend-v3' } },
    port: { number: 3000 },
    protocol: 'HTTP',
    sessionPersistence: persistenceOf(fields),
  },
});

const untilAccepted = (name: string): Promise<true> =>
  until(`XBackend ${name} with Accepted`, async () => {
    const { status } = (await getObject('xbackend', name, namespace)) as LiveObject & {
      status?: { ancestors?: { conditions: { type: string; status: string }[] }[] };
    };
    const conditions = status?.ancestors?.flatMap((ancestor) => ancestor.conditions) ?? [];
    return conditions.some(({ type, status: value }) => type === 'Accepted' && value === 'True')
      ? (true as const)
      : undefined;
  });

describeWithCluster(`sessionPersistence of a backend, ${generation}`, () => {
  let base: Base;
  beforeAll(async () => {
    base = await openBase();
    await apply(trafficPolicy('of-the-service', 'backend-v2', { name: 'of-the-policy' }));
  }, 300_000);

  test('XBackendTrafficPolicy: every route to the Service has sessions', async () => {
    await applyRoute('policy', [{ backends: [{ name: 'backend-v2' }] }]);
    const { cookie, first } = await untilCookie(base, 'policy');
    expect(cookie.name).toBe('of-the-policy');
    await expectSticky(base, 'policy', { pod: first.pod, ...inSession(cookie) });
  }, 90_000);

  test('XBackendTrafficPolicy: sessionPersistence of the rule takes precedence', async () => {
    const own = persistenceOf({ name: 'of-the-rule' });
    await applyRoute('precedence', [{ backends: [{ name: 'backend-v2' }], sessionPersistence: own }]);
    const { cookie, first } = await untilCookie(base, 'precedence');
    expect(cookie.name).toBe('of-the-rule');
    await expectSticky(base, 'precedence', { pod: first.pod, ...inSession(cookie), requests: 10 });
  }, 90_000);

  testOfBackends(
    'XBackend: its sessionPersistence applies to routes that refer to it',
    async () => {
      await apply(xBackend('selected', { name: 'of-the-backend' }));
      await applyRoute('backend', [{ backends: [{ name: 'selected', kind: 'XBackend' }] }]);
      const { cookie, first } = await untilCookie(base, 'backend');
      expect(cookie.name).toBe('of-the-backend');
      expect(first.pod).toMatch(/^backend-v3-/);
      await expectSticky(base, 'backend', { pod: first.pod, ...inSession(cookie) });
      await untilAccepted('selected');
    },
    90_000,
  );

  testOfBackends(
    'XBackend: sessionPersistence of the rule takes precedence, and two rules never share a session',
    async () => {
      await apply(xBackend('shared', { name: 'of-the-shared' }));
      const backends = [{ name: 'shared', kind: 'XBackend' as const }];
      const own = persistenceOf({ name: 'of-the-rule' });
      await applyRoute('backend-rules', [
        { path: '/one', backends },
        { path: '/two', backends },
        { path: '/own', backends, sessionPersistence: own },
      ]);
      const one = await untilCookie(base, 'backend-rules', '/one');
      const two = await untilCookie(base, 'backend-rules', '/two');
      expect(two.cookie.name).not.toBe(one.cookie.name);
      expect((await untilCookie(base, 'backend-rules', '/own')).cookie.name).toBe('of-the-rule');
    },
    90_000,
  );

  test('StickyWorkload: a route of a user to the Service has sessions, without a change to the route', async () => {
    await applyRoute('workload', [{ backends: [{ name: 'backend-v3' }] }]);
    await until('a response', async () => (await base.ask({ host: hostOf('workload') })).status === 200);
    expect((await base.ask({ host: hostOf('workload') })).setCookies).toEqual([]);
    await apply({
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'StickyWorkload',
      metadata: { name: 'backend-v3', namespace },
      spec: { targetRef: { kind: 'Deployment', name: 'backend-v3' }, route: { kind: 'None' } },
    });
    const { cookie, first } = await untilCookie(base, 'workload');
    await expectSticky(base, 'workload', { pod: first.pod, ...inSession(cookie) });
  }, 90_000);
});
