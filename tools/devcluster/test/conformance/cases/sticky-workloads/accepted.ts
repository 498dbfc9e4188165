/** Accepted StickyWorkloads, and their defaults. */
import { expect } from '@jest/globals';
import type { Fields } from '../../body.ts';
import { done, type Case } from '../../case.ts';
import { submit } from './world.ts';

type Row = { variant: string; name?: string; spec: Fields };

const rows: Row[] = [
  { variant: 'a StatefulSet may be the target', spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } } },
  { variant: 'a name of 48 characters leaves room for the names made from it', name: 'a'.repeat(48), spec: {} },
  { variant: 'no replica at all may accept sessions', spec: { replicas: 0 } },
  { variant: 'the target port may be a number', spec: { service: { targetPort: 8080 } } },
  { variant: 'the target port may be a name with digits and dashes', spec: { service: { targetPort: 'h2c-8080' } } },
  { variant: 'a duration may have four parts', spec: { sessionPersistence: { idleTimeout: '1h2m3s4ms' } } },
  { variant: 'the longest drain is 7 days', spec: { drain: { timeout: '168h' } } },
  { variant: 'a pod may go with its last session, without a quiet period', spec: { drain: { quietPeriod: '0s' } } },
  {
    variant: 'a cookie may have a prefix that browsers know',
    spec: { sessionPersistence: { cookie: { name: '__Host-cart', secure: 'Always' } } },
  },
  {
    variant: 'a cookie domain may begin with a dot, which browsers ignore',
    spec: { sessionPersistence: { cookie: { domain: '.example.com' } } },
  },
  {
    variant: 'a StatefulSet whose pods are endpoints by name',
    spec: {
      targetRef: { kind: 'StatefulSet', name: 'cart' },
      sessionPersistence: { endpointIdentity: 'PodName' },
    },
  },
  {
    variant: 'a HoldfastProxy for the generated Gateway',
    spec: { dataplane: { parametersRef: { name: 'small' } } },
  },
  {
    variant: 'a backend of another namespace',
    spec: {
      route: {
        backends: [
          { name: 'cart', weight: 90 },
          { name: 'cart', namespace: 'canary', weight: 10 },
        ],
      },
    },
  },
  {
    variant: 'connections of some ports, without those of a monitoring network',
    spec: {
      drain: {
        sessionSources: ['Connections'],
        connections: { ports: [8080], excludeCIDRs: ['10.1.0.0/16', 'fd00::/8'] },
      },
    },
  },
  {
    variant: 'type Header with its header',
    spec: { sessionPersistence: { type: 'Header', header: { name: 'X-Session' } } },
  },
  {
    variant: 'sessions in a cookie of the app, with limits',
    spec: {
      sessionPersistence: {
        type: 'Application',
        application: { cookieName: 'JSESSIONID' },
        absoluteTimeout: '8h',
        onEndpointLost: 'Reassign',
      },
    },
  },
  {
    variant: 'sessions in a header of the app',
    spec: { sessionPersistence: { type: 'Application', application: { headerName: 'Mcp-Session-Id' } } },
  },
  {
    variant: 'a permanent cookie with its lifetime',
    spec: { sessionPersistence: { cookie: { lifetimeType: 'Permanent' }, absoluteTimeout: '8h' } },
  },
  {
    variant: 'the absolute timeout may equal the idle timeout',
    spec: { sessionPersistence: { idleTimeout: '30m', absoluteTimeout: '30m' } },
  },
  {
    variant: 'a regular expression need not start with a slash',
    spec: { route: { matches: [{ path: { type: 'RegularExpression', value: '.*\\.html' } }] } },
  },
  {
    variant: 'host names may have a wildcard in front',
    spec: { route: { hostnames: ['*.example.com', 'example.com', 'localhost'] } },
  },
  {
    variant: 'a backend of weight 0',
    spec: {
      route: {
        backends: [
          { name: 'cart', weight: 1 },
          { name: 'cart-v2', weight: 0 },
        ],
      },
    },
  },
  {
    variant: 'RingHash with its size',
    spec: {
      loadBalancing: {
        policy: 'ConsistentHash',
        consistentHash: { useSourceIp: true, algorithm: { type: 'RingHash', minimumRingSize: 64 } },
      },
    },
  },
  {
    variant: 'the source Application',
    spec: { drain: { sessionSources: ['Proxy', 'Application'], application: { path: '/sessions', port: 8080 } } },
  },
  { variant: 'a short idle timeout without a confirm timeout', spec: { sessionPersistence: { idleTimeout: '5s' } } },
  {
    variant: 'a confirm timeout equal to the idle timeout',
    spec: { sessionPersistence: { idleTimeout: '5m', confirmTimeout: '5m' } },
  },
  {
    variant: 'excluded requests',
    spec: { sessionPersistence: { exclude: [{ method: 'OPTIONS' }, { path: { type: 'Exact', value: '/healthz' } }] } },
  },
  { variant: 'one pod drains at a time', spec: { scaleDown: { maxDraining: 1 } } },
  { variant: 'all pods may drain at once', spec: { scaleDown: { maxDraining: '100%' } } },
];

const defaults: Case[] = [
  {
    title: 'a StickyWorkload with only a target gets all defaults',
    run: async (api) => {
      expect((await done(submit(api, {}))).spec).toEqual({
        targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
        service: { port: 80, appProtocol: 'http' },
        route: { kind: 'HTTPRoute', matches: [{ path: { type: 'PathPrefix', value: '/' } }] },
        sessionPersistence: { type: 'Cookie', idleTimeout: '30m', onEndpointLost: 'Reassign' },
        loadBalancing: { policy: 'LeastSessions' },
        drain: {
          timeout: '1h',
          quietPeriod: '5s',
          shutdownMargin: '30s',
          sessionSources: ['Proxy'],
          sessionThreshold: 0,
        },
        scaleDown: { strategy: 'TerminateAndHold', maxDraining: '50%' },
        dataplane: { type: 'Bundled' },
      });
    },
  },
  {
    title: 'a partial section of a StickyWorkload gets the rest of its defaults',
    run: async (api) => {
      const spec = {
        service: { targetPort: 'http' },
        route: { matches: [{ method: 'GET' }], backends: [{ name: 'cart-v2' }] },
        sessionPersistence: { cookie: { name: 'c' }, newSessionOn: [{ path: { value: '/login' } }] },
        loadBalancing: { policy: 'ConsistentHash', consistentHash: { httpCookie: { name: 'c' } } },
        drain: { timeout: '2h' },
      };
      expect((await done(submit(api, spec))).spec).toMatchObject({
        service: { targetPort: 'http', port: 80, appProtocol: 'http' },
        route: {
          kind: 'HTTPRoute',
          matches: [{ method: 'GET', path: { type: 'PathPrefix', value: '/' } }],
          backends: [{ name: 'cart-v2', weight: 1 }],
        },
        sessionPersistence: {
          cookie: {
            name: 'c',
            path: '/',
            lifetimeType: 'Session',
            sameSite: 'Lax',
            secure: 'Auto',
            partitioned: false,
          },
          newSessionOn: [{ path: { type: 'PathPrefix', value: '/login' } }],
        },
        loadBalancing: { consistentHash: { httpCookie: { name: 'c', path: '/' }, algorithm: { type: 'Maglev' } } },
        drain: {
          timeout: '2h',
          quietPeriod: '5s',
          shutdownMargin: '30s',
          sessionSources: ['Proxy'],
          sessionThreshold: 0,
        },
      });
    },
  },
];

export const accepted: Case[] = [
  ...rows.map(({ variant, spec, name }): Case => ({
    title: `a StickyWorkload is accepted: ${variant}`,
    run: async (api) => {
      expect((await done(submit(api, spec, name))).spec).toMatchObject(spec);
    },
  })),
  ...defaults,
];
