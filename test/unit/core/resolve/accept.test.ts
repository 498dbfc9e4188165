import { describe, expect, test } from '@jest/globals';
import type { Accept } from '../../../../src/core/resolve/accept.ts';
import { specSchema } from '../../../../src/api/spec.ts';
import type { Schema } from '../../../../src/api/schema.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorkload, type ShortWorld } from '../../../support/world.ts';

/** Returns the verdict on the StickyWorkload `cart`, alone with its Deployment unless `world` has more. */
function verdictOn(cart: Omit<ShortWorkload, 'name'>, world: ShortWorld = {}): Accept {
  const accept = translate(
    snapshotOf({
      targets: [{ name: 'cart' }],
      ...world,
      workloads: [...(world.workloads ?? []), { name: 'cart', ...cart }],
    }),
  ).accepts['shop/cart'];
  if (accept === undefined) throw new Error('there is no verdict');
  return accept;
}

const messageOf = (accept: Accept): string => (accept.kind === 'refused' ? accept.message : 'accepted');
const reasonOf = (accept: Accept): string => (accept.kind === 'refused' ? accept.reason : 'Accepted');

type Spec = NonNullable<ShortWorkload['spec']>;

const twoPorts: ShortWorld = {
  targets: [{ name: 'cart', containerPorts: [{ name: 'web', port: 8080 }, { port: 9100 }] }],
};
const sameCookie: Spec = { sessionPersistence: { cookie: { name: 'S' } } };
const header: Spec = { sessionPersistence: { type: 'Header', header: { name: 'x-session' } } };
const onWeb = { spec: { ...sameCookie, route: { parentRefs: [{ name: 'web', namespace: 'infra' }] } } };
const shared: ShortWorld = {
  gateways: [
    { name: 'web', namespace: 'infra', listeners: [{ name: 'http', allowedRoutes: { from: 'All', kinds: [] } }] },
  ],
  targets: [{ name: 'cart' }, { name: 'basket', namespace: 'zoo' }],
};

describe('an unsupported field is refused with its name and what to do', () => {
  const refused: [string, Spec, string][] = [
    [
      'spec.replicas',
      { replicas: 3 },
      'spec.replicas 3 is not supported by this version: remove it and scale the target directly.',
    ],
    ['spec.replicas 0', { replicas: 0 }, 'spec.replicas 0 is not supported'],
    [
      'HTTP/1.1 of the pods of a GRPCRoute',
      { route: { kind: 'GRPCRoute' } },
      'spec.service.appProtocol http is not supported by this version: with route kind GRPCRoute, use grpc',
    ],
    [
      'a path of a GRPCRoute',
      { route: { kind: 'GRPCRoute', matches: [{ path: { type: 'PathPrefix', value: '/a.B' } }] } },
      'spec.route.matches is not supported by this version: with route kind GRPCRoute, match headers only',
    ],
    [
      'a method of a GRPCRoute',
      { route: { kind: 'GRPCRoute', matches: [{}, { method: 'POST' }] } },
      'spec.route.matches is not supported by this version: with route kind GRPCRoute, match headers only',
    ],
    [
      'a host name of a route that the user creates',
      { route: { kind: 'None', hostnames: ['shop.example.com'] } },
      'spec.route.hostnames is not supported by this version: with route kind None, set it in the route',
    ],
    [
      'consistent hashing',
      { loadBalancing: { policy: 'ConsistentHash', consistentHash: { useSourceIp: true } } },
      'loadBalancing.policy ConsistentHash is not supported by this version: use LeastSessions, ',
    ],
    [
      'hashing',
      { loadBalancing: { policy: 'ConsistentHash', consistentHash: { useSourceIp: true } } },
      'loadBalancing.consistentHash is not supported',
    ],
    [
      'strategy DrainFirst',
      { scaleDown: { strategy: 'DrainFirst' } },
      'scaleDown.strategy DrainFirst is not supported',
    ],
    ['a maximum of draining pods', { scaleDown: { maxDraining: 2 } }, 'scaleDown.maxDraining 2 is not supported'],
    ['another data plane', { dataplane: { type: 'Gateway' } }, 'dataplane.type Gateway is not supported'],
  ];
  test.each(refused)('%s', (_, spec, message) => {
    const accept = verdictOn({ spec });
    expect(reasonOf(accept)).toBe('UnsupportedField');
    expect(messageOf(accept)).toContain(message);
  });

  test('all unsupported fields are in one message, so that a user can fix them at once', () => {
    const message = messageOf(
      verdictOn({ spec: { replicas: 3, route: { kind: 'GRPCRoute' }, dataplane: { type: 'Gateway' } } }),
    );
    expect(message.match(/is not supported/g)).toHaveLength(3);
  });

  const supported: [string, Spec][] = [
    ['only the target', {}],
    ['a route that the user creates', { route: { kind: 'None' } }],
    [
      'a GRPCRoute',
      {
        route: { kind: 'GRPCRoute', matches: [{ headers: [{ name: 'x', value: '1' }] }] },
        service: { appProtocol: 'grpc' },
      },
    ],
    [
      'every supported field',
      {
        service: { port: 8080, targetPort: 'http', appProtocol: 'kubernetes.io/ws' },
        route: {
          hostnames: ['a.example.com'],
          matches: [{ path: { type: 'Exact', value: '/x' }, method: 'GET' }],
          parentRefs: [],
          backends: [{ name: 'cart', weight: 1 }],
        },
        sessionPersistence: {
          cookie: {
            name: 'S',
            path: '/x',
            domain: 'example.com',
            lifetimeType: 'Permanent',
            sameSite: 'None',
            secure: 'Always',
            partitioned: true,
          },
          absoluteTimeout: '8h',
          onEndpointLost: 'Reject',
          newSessionOn: [{ method: 'POST', path: { type: 'Exact', value: '/login' } }],
        },
        loadBalancing: { policy: 'RoundRobin', maxSessionsPerEndpoint: 200 },
        drain: {
          timeout: '2h',
          quietPeriod: '1s',
          shutdownMargin: '5s',
          sessionSources: ['Proxy', 'Connections', 'Application'],
          application: { path: '/sessions', port: 8080 },
          connections: { ports: [8080], excludeCIDRs: ['10.0.0.0/8', 'fd00::/8'] },
          sessionThreshold: 3,
        },
        scaleDown: { strategy: 'TerminateAndHold', maxDraining: '50%' },
        dataplane: { type: 'Bundled', parametersRef: { name: 'small' } },
      },
    ],
    ['header mode', { sessionPersistence: { type: 'Header', header: { name: 'X-S' } } }],
    ['Secure on requests over TLS', { sessionPersistence: { cookie: { secure: 'Auto' } } }],
  ];
  test.each(supported)('a spec is accepted with %s', (_, spec) => {
    expect(messageOf(verdictOn({ spec }))).toBe('accepted');
  });
});

test('every field of the spec is either supported or refused: none is ignored', () => {
  const supported = [
    'targetRef',
    'service.port',
    'service.targetPort',
    'route.parentRefs',
    'route.hostnames',
    'service.appProtocol',
    'route.matches',
    'route.backends',
    'sessionPersistence',
    'loadBalancing.maxSessionsPerEndpoint',
    'drain',
    'sidecar',
    'dataplane.parametersRef',
  ];
  const refused = [
    'replicas',
    'route.kind',
    'loadBalancing.policy',
    'loadBalancing.consistentHash',
    'scaleDown',
    'dataplane.type',
  ];
  const decided = (path: string) =>
    [...supported, ...refused].some((known) => path === known || path.startsWith(`${known}.`));
  expect(fieldPaths(specSchema, '').filter((path) => !decided(path))).toEqual([]);
});

describe('the verdict on a StickyWorkload', () => {
  const rows: [string, Omit<ShortWorkload, 'name'>, ShortWorld, { reason: string; message: string }][] = [
    [
      'the target does not exist',
      {},
      { targets: [] },
      { reason: 'TargetNotFound', message: 'Deployment cart does not exist in namespace shop' },
    ],
    [
      'the target exists only in another namespace',
      {},
      { targets: [{ name: 'cart', namespace: 'zoo' }] },
      { reason: 'TargetNotFound', message: 'namespace shop' },
    ],
    [
      'the target has another kind',
      { spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } } },
      {},
      { reason: 'TargetNotFound', message: 'StatefulSet cart does not exist' },
    ],
    [
      'an older StickyWorkload claims the target',
      { createdAt: '2026-02-01T00:00:00Z', spec: { sessionPersistence: {} } },
      { workloads: [rival('2026-01-01T00:00:00Z')] },
      { reason: 'TargetConflict', message: 'StickyWorkload basket is older' },
    ],
    [
      'a StickyWorkload of the same age, first by name, claims the target',
      {},
      { workloads: [rival('2026-01-01T00:00:00Z')] },
      { reason: 'TargetConflict', message: 'StickyWorkload basket' },
    ],
    [
      'a newer StickyWorkload claims the target',
      {},
      { workloads: [rival('2026-02-01T00:00:00Z')] },
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'a StickyWorkload in another namespace has a target of the same name',
      {},
      { workloads: [{ ...rival('2025-01-01T00:00:00Z'), namespace: 'zoo' }] },
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'the selector has matchExpressions',
      {},
      { targets: [{ name: 'cart', matchLabels: 'expressions' }] },
      { reason: 'UnsupportedSelector', message: 'matchExpressions' },
    ],
    [
      'the target declares no container port',
      {},
      { targets: [{ name: 'cart', containerPorts: [] }] },
      { reason: 'TargetPortAmbiguous', message: 'declares no container port: set spec.service.targetPort' },
    ],
    [
      'the target declares several ports',
      {},
      twoPorts,
      { reason: 'TargetPortAmbiguous', message: 'declares the container ports web (8080), 9100: set' },
    ],
    [
      'targetPort selects one of several ports',
      { spec: { service: { targetPort: 'web' } } },
      twoPorts,
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'targetPort has the name of no port',
      { spec: { service: { targetPort: 'http' } } },
      twoPorts,
      { reason: 'TargetPortAmbiguous', message: 'spec.service.targetPort is "http", but Deployment cart declares' },
    ],
    [
      'targetPort has a number that no container declares',
      { spec: { service: { targetPort: 7000 } } },
      twoPorts,
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'a regular expression is invalid',
      { spec: { route: { matches: [{}, { path: { type: 'RegularExpression', value: '/(' } }] } } },
      {},
      { reason: 'InvalidRegex', message: 'spec.route.matches[1].path.value: "/("' },
    ],
    [
      'a regular expression for a header is invalid',
      { spec: { route: { matches: [{ headers: [{ type: 'RegularExpression', name: 'x', value: '[' }] }] } } },
      {},
      { reason: 'InvalidRegex', message: 'matches[0].headers[0].value: "["' },
    ],
    [
      'a regular expression looks ahead',
      { spec: { route: { matches: [{ path: { type: 'RegularExpression', value: '/(?!admin).*' } }] } } },
      {},
      {
        reason: 'InvalidRegex',
        message: 'invalid or unsupported Perl syntax: `(?!`. Use the syntax of RE2, which has no backreferences',
      },
    ],
    [
      'an exact path has a bracket',
      { spec: { route: { matches: [{ path: { value: '/(' } }] } } },
      {},
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'a regular expression in newSessionOn is invalid',
      { spec: { sessionPersistence: { newSessionOn: [{ path: { type: 'RegularExpression', value: '/[' } }] } } },
      {},
      { reason: 'InvalidRegex', message: 'spec.sessionPersistence.newSessionOn[0].path.value: "/["' },
    ],
    [
      'a CIDR is invalid',
      {
        spec: {
          drain: { sessionSources: ['Connections'], connections: { excludeCIDRs: ['10.0.0.0/8', '999.0.0.0/8'] } },
        },
      },
      {},
      {
        reason: 'InvalidCIDR',
        message: 'spec.drain.connections.excludeCIDRs[1]: "999.0.0.0/8" is not a valid CIDR',
      },
    ],
    [
      'a cross-site cookie is not Secure',
      { spec: { sessionPersistence: { cookie: { sameSite: 'None' } } } },
      {},
      {
        reason: 'InvalidCookie',
        message: 'secure Auto with sameSite None: browsers accept such a cookie only if it is Secure',
      },
    ],
    [
      'a partitioned cookie is not Secure',
      { spec: { sessionPersistence: { cookie: { partitioned: true } } } },
      {},
      { reason: 'InvalidCookie', message: 'Set secure to Always and terminate TLS in front of the proxy' },
    ],
    [
      'a cross-site cookie is Secure',
      { spec: { sessionPersistence: { cookie: { sameSite: 'None', secure: 'Always' } } } },
      {},
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'an older StickyWorkload sets the same cookie',
      { spec: sameCookie },
      { workloads: [other({})] },
      { reason: 'CookieConflict', message: 'StickyWorkload basket is older and sets a cookie with the same name' },
    ],
    [
      'an older StickyWorkload sets the same cookie for other hosts',
      { spec: { ...sameCookie, route: { hostnames: ['a.example.com'] } } },
      { workloads: [other({ hostnames: ['b.example.com'] })] },
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'an older StickyWorkload sets the same cookie for one of several hosts',
      { spec: { ...sameCookie, route: { hostnames: ['a.example.com'] } } },
      { workloads: [other({ hostnames: ['*.example.com'] })] },
      { reason: 'CookieConflict', message: 'choose another cookie.name' },
    ],
    [
      'an older StickyWorkload uses the same header, whose value each client stores',
      { spec: header },
      { workloads: [{ name: 'basket', createdAt: '2025-01-01T00:00:00Z', spec: header }] },
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'an older StickyWorkload sets the same cookie on another Gateway',
      { spec: sameCookie },
      { workloads: [{ ...other({}), namespace: 'zoo' }] },
      { reason: 'Accepted', message: 'accepted' },
    ],
    [
      'an older StickyWorkload of another namespace sets the same cookie on the same Gateway',
      onWeb,
      { ...shared, workloads: [{ ...other(onWeb.spec.route), namespace: 'zoo' }] },
      { reason: 'CookieConflict', message: 'StickyWorkload zoo/basket is older' },
    ],
    [
      'an older StickyWorkload sets the same cookie for another host of the same domain, to which browsers send it too',
      {
        spec: {
          sessionPersistence: { cookie: { name: 'S', domain: 'example.com' } },
          route: { hostnames: ['a.example.com'] },
        },
      },
      {
        workloads: [
          {
            name: 'basket',
            createdAt: '2025-01-01T00:00:00Z',
            spec: {
              sessionPersistence: { cookie: { name: 'S', domain: 'example.com' } },
              route: { hostnames: ['b.example.com'] },
            },
          },
        ],
      },
      { reason: 'CookieConflict', message: 'StickyWorkload basket is older' },
    ],
  ];
  test.each(rows)('%s', (_, cart, world, expected) => {
    const accept = verdictOn(cart, world);
    expect(reasonOf(accept)).toBe(expected.reason);
    expect(messageOf(accept)).toContain(expected.message);
  });

  test('a StickyWorkload with the name of the proxy is refused, because both Services would have this name', () => {
    const { accepts } = translate(
      snapshotOf({ workloads: [{ name: 'holdfast-holdfast' }], targets: [{ name: 'holdfast-holdfast' }] }),
    );
    expect(Object.values(accepts).map(reasonOf)).toEqual(['NameReserved']);
  });
});

describe('the plan of an accepted StickyWorkload', () => {
  test('has names, defaults and units resolved', () => {
    const accept = verdictOn(
      {},
      { targets: [{ name: 'cart', matchLabels: { app: 'cart' }, containerPorts: [{ port: 3000 }] }] },
    );
    expect(accept).toMatchObject({
      kind: 'accepted',
      plan: {
        key: 'shop/cart',
        gateway: { namespace: 'shop', name: 'holdfast' },
        persistence: {
          carrier: { type: 'Cookie', name: 'cart-session', path: '/' },
          onEndpointLost: 'Reassign',
          newSessionOn: [],
        },
        limits: { idleTimeoutMs: 1_800_000 },
        route: {
          parents: [{ namespace: 'shop', name: 'holdfast' }],
          rules: [{ backendRefs: [{ target: { namespace: 'shop', name: 'cart', port: 80 }, weight: 1 }] }],
        },
        servicePort: 80,
        targetPort: 3000,
        selector: { app: 'cart' },
        drain: { drainTimeoutMs: 3_600_000, quietPeriodMs: 5000, shutdownMarginMs: 30_000 },
        drainTimeoutMs: 3_600_000,
      },
    });
  });
});

test.each<[string, NonNullable<ShortWorld['targets']>[number], string[]]>([
  ['a target without problems', { name: 'cart' }, []],
  [
    'pods without a readiness probe',
    { name: 'cart', hasReadinessProbe: false },
    ['has a readiness probe: a pod gets new sessions as soon as its containers run'],
  ],
])('has warnings about %s', (_, target, notes) => {
  const accept = verdictOn({}, { targets: [target] });
  expect(accept).toMatchObject({
    kind: 'accepted',
    plan: { notes: notes.map((note) => expect.stringContaining(note)) },
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
  return Object.entries(schema.properties).flatMap(([name, child]) =>
    fieldPaths(child, path === '' ? name : `${path}.${name}`),
  );
}
