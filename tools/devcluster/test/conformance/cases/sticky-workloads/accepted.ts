/** Which StickyWorkloads are accepted, and what they get by default. */
import { expect } from '@jest/globals';
import type { Fields } from '../../body.ts';
import { done, type Case } from '../../case.ts';
import { submit } from './world.ts';

type Row = { why: string; name?: string; spec: Fields };

const rows: Row[] = [
  { why: 'a StatefulSet may be the target', spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } } },
  { why: 'a name of 48 characters leaves room for the names made from it', name: 'a'.repeat(48), spec: {} },
  { why: 'no replica at all may accept sessions', spec: { replicas: 0 } },
  { why: 'the target port may be a number', spec: { service: { targetPort: 8080 } } },
  { why: 'the target port may be a name with digits and dashes', spec: { service: { targetPort: 'h2c-8080' } } },
  { why: 'a duration may have four parts', spec: { sessionPersistence: { idleTimeout: '1h2m3s4ms' } } },
  { why: 'the longest drain is 7 days', spec: { drain: { timeout: '168h' } } },
  { why: 'a pod may go with its last session, without a quiet period', spec: { drain: { quietPeriod: '0s' } } },
  {
    why: 'a cookie may have a prefix that browsers know',
    spec: { sessionPersistence: { cookie: { name: '__Host-cart', secure: 'Always' } } },
  },
  {
    why: 'a backend of another namespace',
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
    why: 'connections of some ports, without those of a monitoring network',
    spec: {
      drain: {
        sessionSources: ['Connections'],
        connections: { ports: [8080], excludeCIDRs: ['10.1.0.0/16', 'fd00::/8'] },
      },
    },
  },
  {
    why: 'type Header with its header',
    spec: { sessionPersistence: { type: 'Header', header: { name: 'X-Session' } } },
  },
  {
    why: 'a permanent cookie with its lifetime',
    spec: { sessionPersistence: { cookie: { lifetimeType: 'Permanent' }, absoluteTimeout: '8h' } },
  },
  {
    why: 'the absolute timeout may equal the idle timeout',
    spec: { sessionPersistence: { idleTimeout: '30m', absoluteTimeout: '30m' } },
  },
  {
    why: 'a regular expression need not start with a slash',
    spec: { route: { matches: [{ path: { type: 'RegularExpression', value: '.*\\.html' } }] } },
  },
  {
    why: 'host names may have a wildcard in front',
    spec: { route: { hostnames: ['*.example.com', 'example.com', 'localhost'] } },
  },
  {
    why: 'a canary that gets no new session',
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
    why: 'RingHash with its size',
    spec: {
      loadBalancing: {
        policy: 'ConsistentHash',
        consistentHash: { useSourceIp: true, algorithm: { type: 'RingHash', minimumRingSize: 64 } },
      },
    },
  },
  {
    why: 'the application counts its own sessions',
    spec: { drain: { sessionSources: ['Proxy', 'Application'], application: { path: '/sessions', port: 8080 } } },
  },
  { why: 'one pod drains at a time', spec: { scaleDown: { maxDraining: 1 } } },
  { why: 'all pods may drain at once', spec: { scaleDown: { maxDraining: '100%' } } },
];

const defaults: Case[] = [
  {
    title: 'the smallest StickyWorkload names only its target, and gets everything else',
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
        dataplane: { type: 'Bundled', replicas: 2 },
      });
    },
  },
  {
    title: 'a section of a StickyWorkload that is begun gets the rest of its defaults',
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
  ...rows.map(({ why, spec, name }): Case => ({
    title: `a StickyWorkload is accepted: ${why}`,
    run: async (api) => {
      expect((await done(submit(api, spec, name))).spec).toMatchObject(spec);
    },
  })),
  ...defaults,
];
