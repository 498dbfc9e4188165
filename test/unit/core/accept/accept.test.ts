import { describe, expect, test } from '@jest/globals';
import { decideAccept, type Accept } from '../../../../src/core/accept/accept.ts';
import { specSchema } from '../../../../src/api/spec.ts';
import type { Schema } from '../../../../src/api/schema.ts';
import { snapshotOf, type ShortWorkload, type ShortWorld } from '../../../support/world.ts';

/** The verdict on the StickyWorkload `cart`, alone with its Deployment unless the world says more. */
function verdictOn(cart: Omit<ShortWorkload, 'name'>, world: ShortWorld = {}): Accept {
  const snapshot = snapshotOf({ targets: [{ name: 'cart' }], ...world, workloads: [...(world.workloads ?? []), { name: 'cart', ...cart }] });
  const workload = snapshot.workloads.at(-1);
  if (workload === undefined) throw new Error('the world has no StickyWorkload');
  return decideAccept(workload, snapshot);
}

const messageOf = (accept: Accept): string => (accept.kind === 'refused' ? accept.message : 'accepted');
const reasonOf = (accept: Accept): string => (accept.kind === 'refused' ? accept.reason : 'Accepted');

type Spec = NonNullable<ShortWorkload['spec']>;

const twoPorts: ShortWorld = { targets: [{ name: 'cart', containerPorts: [{ name: 'web', port: 8080 }, { port: 9100 }] }] };
const sameCookie: Spec = { sessionPersistence: { cookie: { name: 'S' } } };

describe('fields that this version does not carry out are refused by name, with the way out', () => {
  const refused: [string, Spec, string][] = [
    ['a replica count', { replicas: 3 }, 'spec.replicas 3 is not supported by this version; remove it: scale the target itself.'],
    ['zero replicas, too', { replicas: 0 }, 'spec.replicas 0 is not supported'],
    ['HTTP/2 to the pods', { service: { appProtocol: 'kubernetes.io/h2c' } }, 'spec.service.appProtocol kubernetes.io/h2c is not supported'],
    ['gRPC to the pods', { service: { appProtocol: 'grpc' } }, 'spec.service.appProtocol grpc is not supported'],
    ['GRPCRoute', { route: { kind: 'GRPCRoute' } }, 'spec.route.kind GRPCRoute is not supported by this version; use HTTPRoute.'],
    ["the user's own route", { route: { kind: 'None' } }, 'spec.route.kind None is not supported'],
    ['a Gateway of choice', { route: { parentRefs: [{ name: 'web' }] } }, 'spec.route.parentRefs is not supported by this version; remove it: '],
    ['a canary', { route: { backends: [{ name: 'cart', weight: 1 }] } }, 'spec.route.backends is not supported'],
    ['header mode', { sessionPersistence: { type: 'Header', header: { name: 'X-S' } } }, 'spec.sessionPersistence.type Header is not supported'],
    ['a permanent cookie', { sessionPersistence: { cookie: { lifetimeType: 'Permanent' } } }, 'cookie.lifetimeType Permanent is not supported'],
    ['a cookie domain', { sessionPersistence: { cookie: { domain: 'example.com' } } }, 'cookie.domain example.com is not supported'],
    ['sameSite Strict', { sessionPersistence: { cookie: { sameSite: 'Strict' } } }, 'cookie.sameSite Strict is not supported'],
    ['sameSite None', { sessionPersistence: { cookie: { sameSite: 'None' } } }, 'cookie.sameSite None is not supported'],
    ['always Secure', { sessionPersistence: { cookie: { secure: 'Always' } } }, 'cookie.secure Always is not supported by this version; use Auto'],
    ['a partitioned cookie', { sessionPersistence: { cookie: { partitioned: true } } }, 'cookie.partitioned is not supported'],
    ['a name for TLS only', { sessionPersistence: { cookie: { name: '__Host-cart' } } }, 'cookie.name __Host- is not supported'],
    ['the same name in other letters', { sessionPersistence: { cookie: { name: '__SECURE-cart' } } }, 'cookie.name __SECURE- is not supported'],
    ['rejecting lost sessions', { sessionPersistence: { onEndpointLost: 'Reject' } }, 'onEndpointLost Reject is not supported'],
    ['requests that begin a session', { sessionPersistence: { newSessionOn: [{ method: 'POST' }] } }, 'newSessionOn is not supported'],
    ['another policy', { loadBalancing: { policy: 'RoundRobin' } }, 'loadBalancing.policy RoundRobin is not supported'],
    ['full pods', { loadBalancing: { maxSessionsPerEndpoint: 200 } }, 'maxSessionsPerEndpoint 200 is not supported'],
    ['hashing', { loadBalancing: { policy: 'ConsistentHash', consistentHash: { useSourceIp: true } } }, 'loadBalancing.consistentHash is not supported'],
    ['connection counts', { drain: { sessionSources: ['Proxy', 'Connections'] } }, 'drain.sessionSources Connections is not supported'],
    ["the app's own count", { drain: { sessionSources: ['Application'], application: { path: '/', port: 1 } } }, 'drain.sessionSources Application is not'],
    ['draining first', { scaleDown: { strategy: 'DrainFirst' } }, 'scaleDown.strategy DrainFirst is not supported'],
    ['a limit of draining pods', { scaleDown: { maxDraining: 2 } }, 'scaleDown.maxDraining 2 is not supported'],
    ['another dataplane', { dataplane: { type: 'Gateway' } }, 'dataplane.type Gateway is not supported'],
  ];
  test.each(refused)('%s', (_, spec, message) => {
    const accept = verdictOn({ spec });
    expect(reasonOf(accept)).toBe('FieldNotSupported');
    expect(messageOf(accept)).toContain(message);
  });

  test('all of them are listed at once: nobody should have to fix a spec field by field', () => {
    const message = messageOf(verdictOn({ spec: { replicas: 3, route: { kind: 'None' }, dataplane: { type: 'Gateway' } } }));
    expect(message.match(/is not supported/g)).toHaveLength(3);
  });

  const carriedOut: [string, Spec][] = [
    ['nothing but the target', {}],
    ['everything that is supported', {
      service: { port: 8080, targetPort: 'http', appProtocol: 'kubernetes.io/ws' },
      route: { hostnames: ['a.example.com'], matches: [{ path: { type: 'Exact', value: '/x' }, method: 'GET' }], parentRefs: [], backends: [] },
      sessionPersistence: { cookie: { name: 'S', path: '/x', lifetimeType: 'Session', sameSite: 'Lax', secure: 'Never', partitioned: false }, absoluteTimeout: '8h' },
      drain: { timeout: '2h', quietPeriod: '1s', shutdownMargin: '5s', sessionSources: ['Proxy'] },
      scaleDown: { strategy: 'TerminateAndHold', maxDraining: '50%' },
      dataplane: { type: 'Bundled', replicas: 5 },
    }],
    ['Secure where the request came over TLS', { sessionPersistence: { cookie: { secure: 'Auto' } } }],
  ];
  test.each(carriedOut)('carried out: %s', (_, spec) => {
    expect(messageOf(verdictOn({ spec }))).toBe('accepted');
  });
});

test('every field of the spec is either carried out or refused: none is ignored', () => {
  const carriedOut = ['targetRef', 'service.port', 'service.targetPort', 'route.hostnames', 'route.matches', 'sessionPersistence.cookie.path',
    'sessionPersistence.absoluteTimeout', 'sessionPersistence.idleTimeout', 'drain.timeout', 'drain.quietPeriod', 'drain.shutdownMargin', 'dataplane.replicas'];
  // The header and the application go with a type and a source that are refused.
  const refused = ['replicas', 'service.appProtocol', 'route.kind', 'route.parentRefs', 'route.backends', 'sessionPersistence.type', 'sessionPersistence.header',
    'sessionPersistence.cookie.name', 'sessionPersistence.cookie.lifetimeType', 'sessionPersistence.cookie.domain', 'sessionPersistence.cookie.sameSite',
    'sessionPersistence.cookie.secure', 'sessionPersistence.cookie.partitioned', 'sessionPersistence.onEndpointLost', 'sessionPersistence.newSessionOn',
    'loadBalancing', 'drain.sessionSources', 'drain.application', 'scaleDown', 'dataplane.type'];
  const decided = (path: string) => [...carriedOut, ...refused].some((known) => path === known || path.startsWith(`${known}.`));
  expect(fieldPaths(specSchema, '').filter((path) => !decided(path))).toEqual([]);
});

describe('what the cluster says against a StickyWorkload', () => {
  const rows: [string, Omit<ShortWorkload, 'name'>, ShortWorld, { reason: string; message: string }][] = [
    ['the target does not exist', {}, { targets: [] }, { reason: 'TargetNotFound', message: 'there is no Deployment cart in namespace shop' }],
    ['the target exists in another namespace only', {}, { targets: [{ name: 'cart', namespace: 'zoo' }] }, { reason: 'TargetNotFound', message: 'namespace shop' }],
    ['the target is of another kind', { spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } } }, {}, { reason: 'TargetNotFound', message: 'no StatefulSet cart' }],
    ['an older one has the target', { createdAt: '2026-02-01T00:00:00Z', spec: { sessionPersistence: {} } }, { workloads: [rival('2026-01-01T00:00:00Z')] }, { reason: 'TargetConflict', message: 'StickyWorkload basket is older' }],
    ['of one age the first by name has the target', {}, { workloads: [rival('2026-01-01T00:00:00Z')] }, { reason: 'TargetConflict', message: 'StickyWorkload basket' }],
    ['a younger one wants the target as well', {}, { workloads: [rival('2026-02-01T00:00:00Z')] }, { reason: 'Accepted', message: 'accepted' }],
    ['a namesake target of another namespace', {}, { workloads: [{ ...rival('2025-01-01T00:00:00Z'), namespace: 'zoo' }] }, { reason: 'Accepted', message: 'accepted' }],
    ['the selector is no set of labels', {}, { targets: [{ name: 'cart', matchLabels: 'expressions' }] }, { reason: 'SelectorUnusable', message: 'matchExpressions' }],
    ['no container port is declared', {}, { targets: [{ name: 'cart', containerPorts: [] }] }, { reason: 'TargetPortAmbiguous', message: 'declares no container port: set spec.service.targetPort' }],
    ['several are declared', {}, twoPorts, { reason: 'TargetPortAmbiguous', message: 'declares the container ports web (8080), 9100: set' }],
    ['several are declared and one is chosen', { spec: { service: { targetPort: 'web' } } }, twoPorts, { reason: 'Accepted', message: 'accepted' }],
    ['a name is chosen that no port has', { spec: { service: { targetPort: 'http' } } }, twoPorts, { reason: 'TargetPortAmbiguous', message: 'spec.service.targetPort is "http", but Deployment cart declares' }],
    ['a number is chosen that nobody declares', { spec: { service: { targetPort: 7000 } } }, twoPorts, { reason: 'Accepted', message: 'accepted' }],
    ['a regular expression that cannot be read', { spec: { route: { matches: [{}, { path: { type: 'RegularExpression', value: '/(' } }] } } }, {}, { reason: 'ExpressionInvalid', message: 'spec.route.matches[1].path.value "/("' }],
    ['a regular expression for a header', { spec: { route: { matches: [{ headers: [{ type: 'RegularExpression', name: 'x', value: '[' }] }] } } }, {}, { reason: 'ExpressionInvalid', message: 'matches[0].headers[0].value "["' }],
    ['a bracket in a path that is none', { spec: { route: { matches: [{ path: { value: '/(' } }] } } }, {}, { reason: 'Accepted', message: 'accepted' }],
    ['an older one has the same cookie', { spec: sameCookie }, { workloads: [other({})] }, { reason: 'CookieConflict', message: 'StickyWorkload basket is older and gives its cookie the same name' }],
    ['the same cookie for other hosts', { spec: { ...sameCookie, route: { hostnames: ['a.example.com'] } } }, { workloads: [other({ hostnames: ['b.example.com'] })] }, { reason: 'Accepted', message: 'accepted' }],
    ['the same cookie for one of many hosts', { spec: { ...sameCookie, route: { hostnames: ['a.example.com'] } } }, { workloads: [other({ hostnames: ['*.example.com'] })] }, { reason: 'CookieConflict', message: 'choose another cookie.name' }],
  ];
  test.each(rows)('%s', (_, cart, world, expected) => {
    const accept = verdictOn(cart, world);
    expect(reasonOf(accept)).toBe(expected.reason);
    expect(messageOf(accept)).toContain(expected.message);
  });

  test('its name is that of the proxy: both Services would be one', () => {
    const snapshot = snapshotOf({ workloads: [{ name: 'holdfast-holdfast' }], targets: [{ name: 'holdfast-holdfast' }] });
    expect(snapshot.workloads.map((workload) => reasonOf(decideAccept(workload, snapshot)))).toEqual(['NameReserved']);
  });
});

describe('what an accepted StickyWorkload comes to', () => {
  test('names, defaults and units are resolved', () => {
    const accept = verdictOn({}, { targets: [{ name: 'cart', matchLabels: { app: 'cart' }, containerPorts: [{ port: 3000 }] }] });
    expect(accept).toMatchObject({
      kind: 'accepted',
      plan: {
        key: 'shop/cart',
        gateway: { namespace: 'shop', name: 'holdfast' },
        persistence: { cookieName: 'cart-session', cookiePath: '/', idleTimeoutMs: 1_800_000 },
        servicePort: 80,
        targetPort: 3000,
        selector: { app: 'cart' },
        drain: { drainTimeoutMs: 3_600_000, quietPeriodMs: 5000, shutdownMarginMs: 30_000 },
        proxyReplicas: 2,
      },
    });
  });
});

function rival(createdAt: string): ShortWorkload {
  return { name: 'basket', createdAt, spec: { targetRef: { kind: 'Deployment', name: 'cart' } } };
}

function other(route: NonNullable<Spec['route']>): ShortWorkload {
  return { name: 'basket', createdAt: '2025-01-01T00:00:00Z', spec: { ...sameCookie, route } };
}

function fieldPaths(schema: Schema, path: string): string[] {
  if (schema.type !== 'object') return [path];
  return Object.entries(schema.properties).flatMap(([name, child]) => fieldPaths(child, path === '' ? name : `${path}.${name}`));
}
