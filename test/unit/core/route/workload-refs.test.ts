import { expect, test } from '@jest/globals';
import type { ReferenceGrant } from '../../../../src/core/snapshot/snapshot.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf } from '../../../support/world.ts';

const route = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' };
const service = { group: '', kind: 'Service' };

/** Returns the verdict on the backend zoo/next of shop/cart. */
const verdictWith = (...grants: Grant[]): string | undefined => verdictOf('HTTPRoute', ...grants);

type Grant = Partial<ReferenceGrant> & { namespace: string };

function verdictOf(kind: 'HTTPRoute' | 'GRPCRoute', ...grants: Grant[]): string | undefined {
  const service = { appProtocol: 'grpc' as const };
  const { routes } = translate(
    snapshotOf({
      workloads: [
        { name: 'cart', spec: { service, route: { kind, backends: [{ name: 'next', namespace: 'zoo', weight: 1 }] } } },
        { name: 'next', namespace: 'zoo', spec: { service } },
      ],
      targets: [{ name: 'cart' }, { name: 'next', namespace: 'zoo' }],
      referenceGrants: grants,
    }),
  );
  const [verdict] = routes['shop/cart']?.judged.refs.values() ?? [];
  return verdict?.kind === 'unresolved' ? verdict.reason : verdict?.kind;
}

test.each<[string, Grant, string]>([
  ['for all Services', { namespace: 'zoo', from: [route], to: [service] }, 'resolved'],
  ['for this Service', { namespace: 'zoo', from: [route], to: [{ ...service, name: 'next' }] }, 'resolved'],
  ['for another Service', { namespace: 'zoo', from: [route], to: [{ ...service, name: 'other' }] }, 'RefNotPermitted'],
  ['for another kind', { namespace: 'zoo', from: [route], to: [{ group: '', kind: 'Secret' }] }, 'RefNotPermitted'],
  [
    'for a Service of another group',
    { namespace: 'zoo', from: [route], to: [{ group: 'example.com', kind: 'Service' }] },
    'RefNotPermitted',
  ],
  [
    'for routes of another namespace',
    { namespace: 'zoo', from: [{ ...route, namespace: 'zoo' }], to: [service] },
    'RefNotPermitted',
  ],
  [
    'for routes of another kind',
    { namespace: 'zoo', from: [{ ...route, kind: 'GRPCRoute' }], to: [service] },
    'RefNotPermitted',
  ],
  [
    'in the namespace of the route, which cannot grant itself access',
    { namespace: 'shop', from: [route], to: [service] },
    'RefNotPermitted',
  ],
])('a ReferenceGrant %s', (_, grant, verdict) => {
  expect(verdictWith(grant)).toBe(verdict);
});

test.each<[string, 'grpc' | 'http', string]>([
  ['gets HTTP/2', 'grpc', 'resolved'],
  ['gets HTTP/1.1', 'http', 'UnsupportedProtocol'],
])('a backend of a GRPCRoute that %s', (_, appProtocol, verdict) => {
  const backends = [{ name: 'next', weight: 1 }];
  const { routes } = translate(
    snapshotOf({
      workloads: [
        { name: 'cart', spec: { service: { appProtocol: 'grpc' }, route: { kind: 'GRPCRoute', backends } } },
        { name: 'next', spec: { service: { appProtocol } } },
      ],
      targets: [{ name: 'cart' }, { name: 'next' }],
    }),
  );
  const [found] = routes['shop/cart']?.judged.refs.values() ?? [];
  expect(found?.kind === 'unresolved' ? found.reason : found?.kind).toBe(verdict);
});

test('a ReferenceGrant for HTTPRoutes does not permit a reference of a GRPCRoute', () => {
  const from = [{ ...route, kind: 'GRPCRoute' }];
  expect(verdictOf('GRPCRoute', { namespace: 'zoo', from: [route], to: [service] })).toBe('RefNotPermitted');
  expect(verdictOf('GRPCRoute', { namespace: 'zoo', from, to: [service] })).toBe('resolved');
});

test('two ReferenceGrants that each match only the referrer or the target do not permit a reference', () => {
  expect(
    verdictWith(
      { namespace: 'zoo', from: [route], to: [{ ...service, name: 'other' }] },
      { namespace: 'zoo', from: [{ ...route, namespace: 'inn' }], to: [service] },
    ),
  ).toBe('RefNotPermitted');
});

test('without permission, the message does not reveal whether the backend exists', () => {
  const { routes } = translate(
    snapshotOf({
      workloads: [{ name: 'cart', spec: { route: { backends: [{ name: 'next', namespace: 'zoo', weight: 1 }] } } }],
      targets: [{ name: 'cart' }],
    }),
  );
  expect([...(routes['shop/cart']?.judged.refs.values() ?? [])]).toMatchObject([
    { kind: 'unresolved', reason: 'RefNotPermitted' },
  ]);
});
