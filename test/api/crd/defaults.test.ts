import { beforeAll, expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import { installCrd, submit, type Verdict } from './submit.ts';

const specOf = (verdict: Verdict) => ('accepted' in verdict ? verdict.accepted.spec : verdict);

describeWithApi('defaults of a StickyWorkload', () => {
  beforeAll(installCrd);

  test('the smallest object names only its target, and gets everything else', async () => {
    expect(specOf(await submit({}))).toEqual({
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
      service: { port: 80, appProtocol: 'http' },
      route: { kind: 'HTTPRoute', matches: [{ path: { type: 'PathPrefix', value: '/' } }] },
      sessionPersistence: { type: 'Cookie', idleTimeout: '30m', onEndpointLost: 'Reassign' },
      loadBalancing: { policy: 'LeastSessions' },
      drain: { timeout: '1h', quietPeriod: '5s', shutdownMargin: '30s', sessionSources: ['Proxy'], sessionThreshold: 0 },
      scaleDown: { strategy: 'TerminateAndHold', maxDraining: '50%' },
      dataplane: { type: 'Bundled', replicas: 2 },
    });
  });

  test('a section that is begun gets the rest of its defaults', async () => {
    const spec = {
      service: { targetPort: 'http' },
      route: { matches: [{ method: 'GET' }], backends: [{ name: 'cart-v2' }] },
      sessionPersistence: { cookie: { name: 'c' }, newSessionOn: [{ path: { value: '/login' } }] },
      loadBalancing: { policy: 'ConsistentHash', consistentHash: { httpCookie: { name: 'c' } } },
      drain: { timeout: '2h' },
    };
    expect(specOf(await submit(spec))).toMatchObject({
      service: { targetPort: 'http', port: 80, appProtocol: 'http' },
      route: { kind: 'HTTPRoute', matches: [{ method: 'GET', path: { type: 'PathPrefix', value: '/' } }], backends: [{ name: 'cart-v2', weight: 1 }] },
      sessionPersistence: {
        cookie: { name: 'c', path: '/', lifetimeType: 'Session', sameSite: 'Lax', secure: 'Auto', partitioned: false },
        newSessionOn: [{ path: { type: 'PathPrefix', value: '/login' } }],
      },
      loadBalancing: { consistentHash: { httpCookie: { name: 'c', path: '/' }, algorithm: { type: 'Maglev' } } },
      drain: { timeout: '2h', quietPeriod: '5s', shutdownMargin: '30s', sessionSources: ['Proxy'], sessionThreshold: 0 },
    });
  });
});
