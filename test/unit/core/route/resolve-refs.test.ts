import { expect, test } from '@jest/globals';
import type { BackendReference } from '../../../../src/core/snapshot/http-route.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

/** Returns the key of the backend that a backendRef of a route in namespace shop leads to, or why it leads to none. */
function resolve(ref: BackendReference, world: ShortWorld = {}): string | undefined {
  const { httpRoutes } = translate(
    snapshotOf({
      services: [
        { name: 'cart', ports: [{ name: '', port: 80, targetPort: 8080 }] },
        { name: 'alias', isExternalName: true },
        { name: 'ws', ports: [{ name: '', port: 80, targetPort: 8080, appProtocol: 'kubernetes.io/ws' }] },
        { name: 'own', ports: [{ name: '', port: 80, targetPort: 8080, appProtocol: 'example.com/thing' }] },
        { name: 'cart', namespace: 'zoo' },
      ],
      httpRoutes: [{ name: 'r', spec: { rules: [{ backendRefs: [ref] }] } }],
      ...world,
    }),
  );
  const verdict = httpRoutes.get('shop/r')?.refs.get('spec.rules[0].backendRefs[0]');
  return verdict?.kind === 'resolved' ? verdict.backend.key : verdict?.reason;
}

test.each<[string, BackendReference, string]>([
  ['a Service of its namespace', { name: 'cart', port: 80 }, 'shop/cart:80'],
  ['a port that the Service does not have', { name: 'cart', port: 81 }, 'BackendNotFound'],
  ['a Service that does not exist', { name: 'gone', port: 80 }, 'BackendNotFound'],
  ['an ExternalName Service', { name: 'alias', port: 80 }, 'BackendNotFound'],
  ['another kind', { kind: 'Gadget', name: 'cart', port: 80 }, 'InvalidKind'],
  ['another group', { group: 'example.com', name: 'cart', port: 80 }, 'InvalidKind'],
  ['a port for WebSockets', { name: 'ws', port: 80 }, 'shop/ws:80'],
  ['a port for a protocol that only its organization knows', { name: 'own', port: 80 }, 'shop/own:80'],
  ['another namespace without a ReferenceGrant', { name: 'cart', namespace: 'zoo', port: 80 }, 'RefNotPermitted'],
  [
    'a missing Service of another namespace, which the message must not reveal',
    { name: 'gone', namespace: 'zoo', port: 80 },
    'RefNotPermitted',
  ],
])('a backendRef to %s', (_, ref, verdict) => {
  expect(resolve(ref)).toBe(verdict);
});

test('a backendRef to another namespace resolves with a ReferenceGrant there', () => {
  const referenceGrants = [
    {
      namespace: 'zoo',
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: '', kind: 'Service' }],
    },
  ];
  expect(resolve({ name: 'cart', namespace: 'zoo', port: 80 }, { referenceGrants })).toBe('zoo/cart:80');
});
