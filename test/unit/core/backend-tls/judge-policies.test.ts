import { expect, test } from '@jest/globals';
import { judgeBackendTls } from '../../../../src/core/backend-tls/judge-policies.ts';
import type { BackendTlsPolicy, PolicyTarget } from '../../../../src/core/snapshot/backend-tls.ts';

const cart: PolicyTarget = { group: '', kind: 'Service', name: 'cart' };
const policy = (name: string, day: number, targets: PolicyTarget[]): BackendTlsPolicy => ({
  namespace: 'shop',
  name,
  uid: `uid-of-${name}`,
  generation: 1,
  createdAt: `2026-01-0${day}T00:00:00Z`,
  targets,
  authorities: [],
  wellKnownAuthorities: 'System',
  hostname: 'cart.example.com',
  subjectAltNames: [],
  options: [],
});
const judge = (...backendTlsPolicies: BackendTlsPolicy[]) => {
  const { judged, find } = judgeBackendTls({ backendTlsPolicies });
  return {
    problems: Object.fromEntries([...judged].map(([key, { problem }]) => [key, problem?.message])),
    applied: (port: string) => find('shop/cart', port)?.policy.name,
  };
};

test('of two BackendTLSPolicies for a Service the older applies, and the other names it', () => {
  const { problems, applied } = judge(policy('a', 2, [cart]), policy('z', 1, [cart]));
  expect(applied('http')).toBe('z');
  expect(problems).toEqual({
    'shop/a': expect.stringContaining(
      'BackendTLSPolicy z, which is older or the first by name, applies to Service cart',
    ),
  });
});

test('one for a port precedes an older one for the whole Service, without a conflict', () => {
  const { problems, applied } = judge(policy('whole', 1, [cart]), policy('port', 2, [{ ...cart, port: 'http' }]));
  expect([applied('http'), applied('other')]).toEqual(['port', 'whole']);
  expect(problems).toEqual({});
});

test('one for another kind of the same name is refused, and conflicts with none', () => {
  const { problems, applied } = judge(
    policy('service', 1, [cart]),
    policy('gadget', 2, [{ group: 'example.com', kind: 'Gadget', name: 'cart' }]),
  );
  expect(applied('http')).toBe('service');
  expect(problems).toEqual({ 'shop/gadget': 'spec.targetRefs: Gadget is not supported: refer to a Service.' });
});
