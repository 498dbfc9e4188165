/** XBackends: which pods a route to one reaches, how their sessions are found, and what is refused. */
import { describe, expect, test } from '@jest/globals';
import type { HttpRouteRule } from '../../../../src/core/snapshot/http-route.ts';
import type { XBackendSpec } from '../../../../src/core/snapshot/x-backend.ts';
import { judgeXBackend } from '../../../../src/core/status/x-backend-status.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { keyRing, snapshotOf, type ShortWorld } from '../../../support/world.ts';

const spec: XBackendSpec = {
  type: 'EndpointSelector',
  endpointSelector: { matchLabels: { app: 'cart' } },
  port: { number: 3000 },
};
const group = 'gateway.networking.x-k8s.io';
const rule: HttpRouteRule = { name: 'all', backendRefs: [{ group, kind: 'XBackend', name: 'cart' }] };
const ofBackend = { type: 'Cookie', cookie: { name: 'of-the-backend' } } as const;
const pod = (name: string) => ({ name, of: 'none', labels: { app: 'cart', tier: 'web' }, ip: '10.0.0.1' });

/** `xBackends`: its spec; null: the kind is not installed. */
function world(fields: Partial<XBackendSpec> | null = {}, short: ShortWorld = {}, ofRule: Partial<HttpRouteRule> = {}) {
  const snapshot = snapshotOf({
    gateways: [{ name: 'web' }],
    pods: [pod('cart-a')],
    httpRoutes: [{ name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [{ ...rule, ...ofRule }] } }],
    ...short,
  });
  const xBackends = [
    { namespace: 'shop', name: 'cart', uid: 'uid-of-cart', generation: 2, spec: { ...spec, ...fields } },
  ];
  return translate({ ...snapshot, masterRing: keyRing, ...(fields !== null && { xBackends }) });
}

const podsOf = (short: ShortWorld): Record<string, string> => {
  const [backend] = Object.values(world({}, short).tables['shop/web']?.backends ?? {});
  return Object.fromEntries((backend?.endpoints ?? []).map((one) => [`${one.pod}:${one.port}`, one.state]));
};
const cookieOf = (...given: Parameters<typeof world>) =>
  world(...given).tables['shop/web']?.routes[0]?.persistence?.carrier.name;
const refusalOf = (...given: Parameters<typeof world>) => {
  const verdict = world(...given)
    .httpRoutes.get('shop/r')
    ?.refs.get('spec.rules[0].backendRefs[0]');
  return verdict?.kind === 'unresolved' ? `${verdict.reason} ${verdict.message}` : undefined;
};

describe('the pods of an XBackend', () => {
  test('are those of its namespace with all of its labels, at its port', () => {
    const pods = [pod('cart-a'), { ...pod('other'), labels: { tier: 'web' } }, { ...pod('cart-z'), namespace: 'zoo' }];
    expect(podsOf({ pods })).toEqual({ 'cart-a:3000': 'Accepting' });
  });

  test('get new sessions while they are ready and not terminating', () => {
    const { ip: _, ...withoutAddress } = pod('cart-e');
    const pods = [
      pod('cart-a'),
      { ...pod('cart-b'), ready: false },
      { ...pod('cart-c'), deletion: { killAtMs: 1, graceSeconds: 1 } },
      { ...pod('cart-d'), phase: 'Succeeded' as const },
      withoutAddress,
    ];
    expect(podsOf({ pods })).toEqual({
      'cart-a:3000': 'Accepting',
      'cart-b:3000': 'Pending',
      'cart-c:3000': 'Draining',
    });
  });

  test('that do not change do not change the backend', () => {
    const snapshot = snapshotOf({ gateways: [{ name: 'web' }], pods: [pod('cart-a')] });
    const xBackends = [{ namespace: 'shop', name: 'cart', uid: 'u', generation: 1, spec }];
    const httpRoutes = snapshotOf({
      httpRoutes: [{ name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [rule] } }],
    });
    const whole = { ...snapshot, xBackends, httpRoutes: httpRoutes.httpRoutes };
    const first = translate(whole);
    const second = translate({ ...whole, pods: [...whole.pods] }, first);
    const key = 'shop/XBackend.cart:3000';
    expect(second.tables['shop/web']?.backends[key]).toBe(first.tables['shop/web']?.backends[key]);
  });
});

describe('the sessions of an XBackend', () => {
  const held = {
    workloads: [{ name: 'cart', spec: { route: { kind: 'None' as const } } }],
    targets: [{ name: 'cart' }],
    pods: [{ ...pod('cart-a'), of: 'Deployment/cart' }],
  };

  test('apply to rules that have none of their own', () => {
    expect(cookieOf({ sessionPersistence: ofBackend })).toBe('of-the-backend');
    const own = { sessionPersistence: { cookie: { name: 'of-the-rule' } } };
    expect(cookieOf({ sessionPersistence: ofBackend }, {}, own)).toBe('of-the-rule');
    expect(cookieOf()).toBeUndefined();
  });

  test('precede those of the StickyWorkload of its pods', () => {
    expect(cookieOf({ sessionPersistence: ofBackend }, held)).toBe('of-the-backend');
    expect(cookieOf({}, held)).toMatch(/^cart-session-/);
  });

  test('are apart from those of another rule with the same XBackend', () => {
    const second = { ...rule, name: 'second', matches: [{ path: { value: '/two' } }] };
    const httpRoutes = [{ name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [rule, second] } }];
    const { routes = [] } = world({ sessionPersistence: ofBackend }, { httpRoutes }).tables['shop/web'] ?? {};
    const rules = routes.map(
      ({ persistence, backendRefs }) => `${persistence?.carrier.name} ${backendRefs[0]?.backend}`,
    );
    expect(rules.toSorted()).toEqual([
      'of-the-backend shop/XBackend.cart:3000@shop/r/all',
      expect.stringMatching(/^of-the-backend-[0-9a-f]{8} shop\/XBackend\.cart:3000@shop\/r\/second$/),
    ]);
  });
});

describe('an XBackend is refused with its field', () => {
  test.each<[string, Partial<XBackendSpec> & Record<string, unknown>, RegExp]>([
    ['an external host name', { type: 'ExternalHostname' }, /^UnsupportedValue .* spec\.type: ExternalHostname/],
    ['another protocol', { protocol: 'MCP' }, /^UnsupportedProtocol .* spec\.protocol: MCP/],
    ['TLS', { tls: { mode: 'ServerOnly' } }, /^UnsupportedProtocol .* spec\.tls\.mode: ServerOnly/],
    ['no label', { endpointSelector: {} }, /^UnsupportedValue .* spec\.endpointSelector\.matchLabels/],
    ['no port', { port: {} }, /^UnsupportedValue .* spec\.port\.number/],
    ['a field of a later version', { retries: {} }, /^UnsupportedValue .* spec\.retries/],
    [
      'a name that is none',
      { sessionPersistence: { cookie: { name: 'a b' } } },
      /^UnsupportedValue .* spec\.sessionPersistence: "a b"/,
    ],
  ])('%s', (_, fields, refusal) => {
    expect(refusalOf(fields)).toMatch(refusal);
    expect(world(fields).tables['shop/web']?.backends).toEqual({});
  });

  test.each(['HTTP', 'HTTP11'])('but %s is supported', (protocol) => {
    expect(refusalOf({ protocol, tls: { mode: 'None' } })).toBeUndefined();
  });

  test.each(['HTTP2', 'H2C', 'GRPC'])('and %s, which is HTTP/2 to the pods', (protocol) => {
    const [backend] = Object.values(world({ protocol }).tables['shop/web']?.backends ?? {});
    expect(backend?.protocol).toBe('HTTP2');
  });
});

describe('a reference to an XBackend', () => {
  const to = (ref: object) => ({ backendRefs: [{ group, kind: 'XBackend', name: 'cart', ...ref }] });

  test('does not resolve while the kind is not installed, or without the object', () => {
    expect(refusalOf(null)).toMatch(/^InvalidKind /);
    expect(refusalOf({}, {}, to({ name: 'gone' }))).toMatch(/^BackendNotFound .*XBackend shop\/gone does not exist/);
  });

  test('needs no port, and no other one', () => {
    expect(refusalOf({}, {}, to({ port: 3000 }))).toBeUndefined();
    expect(refusalOf({}, {}, to({ port: 80 }))).toMatch(/^BackendNotFound .*has the port 3000, not 80/);
  });

  test('of another namespace does not reveal whether it exists', () => {
    const there = (name: string) => refusalOf({}, {}, to({ namespace: 'zoo', name }));
    expect(there('cart')).toMatch(/^RefNotPermitted /);
    expect(there('gone')?.replace('gone', 'cart')).toBe(there('cart'));
  });
});

describe('its status', () => {
  const statusOf = (...given: Parameters<typeof world>) => {
    const judged = world(...given).xBackends.get('shop/cart');
    if (judged === undefined) throw new Error('there is no XBackend');
    return judgeXBackend(judged, { generation: 2 }, 0);
  };
  const accepted = (status: string, reason: string) => ({
    ancestors: [
      {
        ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'shop', name: 'web' },
        conditions: [{ type: 'Accepted', status, reason, observedGeneration: 2 }],
      },
    ],
  });

  test('has an entry for each Gateway whose routes refer to it', () => {
    expect(statusOf()).toMatchObject(accepted('True', 'Accepted'));
    expect(statusOf({ type: 'ExternalHostname' })).toMatchObject(accepted('False', 'UnsupportedValue'));
    expect(statusOf({}, { httpRoutes: [] })).toBeUndefined();
  });

  test('has none for a route of another namespace without a ReferenceGrant', () => {
    const spec = {
      parentRefs: [{ name: 'web' }],
      rules: [{ backendRefs: [{ group, kind: 'XBackend', namespace: 'shop', name: 'cart' }] }],
    };
    const far = { gateways: [{ name: 'web', namespace: 'zoo' }], httpRoutes: [{ name: 'r', namespace: 'zoo', spec }] };
    expect(statusOf({}, far)).toBeUndefined();
  });
});
