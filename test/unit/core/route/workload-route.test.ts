import { expect, test } from '@jest/globals';
import { renderWorkload } from '../../../../src/core/render/workload.ts';
import { readGrpcRoute } from '../../../../src/core/route/read-grpc-route.ts';
import { readHttpRoute } from '../../../../src/core/route/read-http-route.ts';
import type { RouteIR } from '../../../../src/core/route/ir.ts';
import type { GrpcRouteSpec, HttpRouteSpec } from '../../../../src/core/snapshot/http-route.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorkload } from '../../../support/world.ts';

type Spec = NonNullable<ShortWorkload['spec']>;
const gateways = [{ name: 'web' }, { name: 'edge', namespace: 'infra' }, { name: 'theirs', className: 'theirs' }];
const grant = {
  namespace: 'zoo',
  from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
  to: [{ group: '', kind: 'Service' }],
};

/** Returns the route that shop/cart is served with, and that of its rendered HTTPRoute or GRPCRoute, without their sources. */
function both(spec: Spec, sessionPersistence: 'B' | 'C' | 'Absent' = 'C') {
  const next = { name: 'next', namespace: 'zoo', spec: { service: { port: 8080 } } };
  const gatewayApi = { installed: true as const, sessionPersistence };
  const targets = [{ name: 'cart' }, { name: 'next', namespace: 'zoo' }];
  const workloads = [{ name: 'cart', spec }, next];
  const world = snapshotOf({ workloads, targets, gateways, gatewayApi, referenceGrants: [grant] });
  const { accepts, routes } = translate(world);
  const accept = accepts['shop/cart'];
  const served = routes['shop/cart']?.judged.route;
  if (accept?.kind !== 'accepted' || served === undefined) throw new Error('not accepted');
  const rendered = renderWorkload(accept.plan, { gatewayApi, pods: [] }).find(({ kind }) => kind !== 'Service');
  const object = { namespace: 'shop', name: 'cart', uid: 'uid-route', ownerUids: [], generation: 3, createdAt: '' };
  const read =
    rendered?.kind === 'GRPCRoute'
      ? readGrpcRoute({ ...object, spec: rendered['spec'] as GrpcRouteSpec })
      : readHttpRoute({ ...object, spec: rendered?.['spec'] as HttpRouteSpec });
  return {
    served: { ...withoutSource(served), kind: served.source.kind },
    read: { ...withoutSource(read), kind: read.source.kind },
  };
}

const withoutSource = ({ parents, hostnames, rules, problems }: RouteIR): object => ({
  parents,
  hostnames,
  rules,
  problems,
});

const header = { type: 'Exact' as const, name: 'x-shop', value: '1' };
const rows: [string, Spec][] = [
  ['of the defaults', {}],
  ['on the Gateways of users', { route: { parentRefs: [{ name: 'web', sectionName: 'http' }, { name: 'web' }] } }],
  [
    'that also asks for Gateways that Holdfast does not manage',
    { route: { parentRefs: ['web', 'theirs', 'gone'].map((name) => ({ name })) } },
  ],
  ['of gRPC', { route: { kind: 'GRPCRoute', hostnames: ['grpc.example.com'] }, service: { appProtocol: 'grpc' } }],
  [
    'of gRPC with headers',
    {
      route: { kind: 'GRPCRoute', matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [header] }, {}] },
      service: { appProtocol: 'kubernetes.io/h2c' },
    },
  ],
  ['with hosts', { route: { hostnames: ['Shop.example.com', '*.example.org'] } }],
  [
    'with matches',
    {
      route: {
        matches: [
          { path: { type: 'Exact', value: '/cart' }, method: 'POST', headers: [header], queryParams: [header] },
          { path: { type: 'RegularExpression', value: '/c.*' } },
        ],
      },
    },
  ],
  [
    'with a canary of another namespace and one that does not exist',
    {
      route: {
        backends: [
          { name: 'cart', weight: 8 },
          { name: 'next', namespace: 'zoo', weight: 1 },
          { name: 'gone', weight: 0 },
        ],
      },
    },
  ],
  ['with a header', { sessionPersistence: { type: 'Header', header: { name: 'x-session' } } }],
  [
    'with a permanent cookie',
    {
      sessionPersistence: {
        absoluteTimeout: '24h',
        cookie: { name: 'sid', path: '/cart', lifetimeType: 'Permanent' },
      },
    },
  ],
  ['with a cookie of the app', { sessionPersistence: { type: 'Application', application: { cookieName: 'sid' } } }],
];

test.each(rows)('spec.route %s is served as the route that it renders is read', (_, spec) => {
  const { served, read } = both(spec);
  expect(read).toEqual(served);
});

test('Gateway API before v1.7 has no field for the path of the cookie, which is served from the StickyWorkload', () => {
  const { served, read } = both({}, 'B');
  expect(served).toMatchObject({ rules: [{ persistence: { path: '/' } }] });
  expect(read).toMatchObject({ rules: [{ persistence: { type: 'Cookie', name: 'cart-session' } }] });
});
