/** XBackendTrafficPolicies with sessionPersistence, and their place among the sources of sessions. */
import { describe, expect, test } from '@jest/globals';
import type { HttpRouteRule } from '../../../../src/core/snapshot/http-route.ts';
import { judgePolicy } from '../../../../src/core/status/policy-status.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { keyRing, snapshotOf, type ShortWorld } from '../../../support/world.ts';

const toCart: HttpRouteRule = { name: 'all', backendRefs: [{ name: 'cart', port: 80 }] };
const world = (short: ShortWorld, rule: HttpRouteRule = toCart) =>
  translate({
    ...snapshotOf({
      gateways: [{ name: 'web' }],
      services: [
        { name: 'cart', ownerUids: [], selector: { app: 'cart' }, ports: [{ name: '', port: 80, targetPort: 8080 }] },
      ],
      httpRoutes: [{ name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [rule] } }],
      ...short,
    }),
    masterRing: keyRing,
  });
const policy = { name: 'p', services: ['cart'], sessionPersistence: { sessionName: 'of-the-policy' } };
const cookieOf = (short: ShortWorld, rule?: HttpRouteRule) =>
  world(short, rule).tables['shop/web']?.routes[0]?.persistence?.carrier.name;

describe('an XBackendTrafficPolicy', () => {
  test('gives every rule to its Service sessions, but not rules with sessions of their own', () => {
    expect(cookieOf({ trafficPolicies: [policy] })).toBe('of-the-policy');
    const own = { ...toCart, sessionPersistence: { sessionName: 'of-the-rule' } };
    expect(cookieOf({ trafficPolicies: [policy] }, own)).toBe('of-the-rule');
  });

  test('precedes the StickyWorkload of the pods', () => {
    const held = {
      workloads: [{ name: 'cart', spec: { route: { kind: 'None' as const } } }],
      targets: [{ name: 'cart' }],
    };
    expect(cookieOf({ ...held, trafficPolicies: [policy] })).toBe('of-the-policy');
    expect(cookieOf(held)).toMatch(/^cart-session-/);
  });

  test('applies in its own namespace only', () => {
    expect(cookieOf({ trafficPolicies: [{ ...policy, namespace: 'zoo' }] })).toBeUndefined();
  });

  test('with a field that is not supported does not apply', () => {
    const trafficPolicies = [{ ...policy, unsupported: ['spec.retryConstraint'] }];
    expect(cookieOf({ trafficPolicies })).toBeUndefined();
  });

  test('that is the oldest for a Service applies', () => {
    const older = {
      ...policy,
      name: 'z',
      createdAt: '2025-01-01T00:00:00Z',
      sessionPersistence: { sessionName: 'older' },
    };
    expect(cookieOf({ trafficPolicies: [policy, older] })).toBe('older');
  });
});

describe('its status', () => {
  const statusOf = (short: ShortWorld, status?: Record<string, unknown>) => {
    const judged = world(short).policies.get('shop/p');
    if (judged === undefined) throw new Error('there is no policy');
    return judgePolicy(judged, { generation: 2, ...(status && { status }) }, 0) as
      | { ancestors: { ancestorRef: object; conditions: { status: string; reason: string }[] }[] }
      | undefined;
  };
  const reasonsOf = (short: ShortWorld) =>
    statusOf(short)?.ancestors.flatMap(({ conditions }) =>
      conditions.map(({ status, reason }) => `${status} ${reason}`),
    );

  const overrideOf = (rules: HttpRouteRule[]) => {
    const httpRoutes = [{ name: 'r', spec: { parentRefs: [{ name: 'web' }], rules } }];
    const [entry] = statusOf({ trafficPolicies: [policy], httpRoutes })?.ancestors ?? [];
    return entry?.conditions.slice(1);
  };
  const ownSessions = { ...toCart, name: 'own', sessionPersistence: {} };

  test('names the rules that have sessions of their own, and whether the policy applies to others', () => {
    expect(overrideOf([toCart])).toEqual([]);
    const overridden = { type: 'holdfast.dev/Overridden', status: 'True', reason: 'PolicyOverridden' };
    const named = 'spec.sessionPersistence: sessionPersistence of HTTPRoute shop/r takes precedence.';
    expect(overrideOf([ownSessions])).toMatchObject([
      { ...overridden, message: expect.stringContaining(`${named} No other rule of the Gateway`) },
    ]);
    expect(overrideOf([ownSessions, toCart])).toMatchObject([
      { ...overridden, message: expect.stringContaining(`${named} Other rules of the Gateway have`) },
    ]);
  });

  test('has an entry for each Gateway whose routes lead to its Services', () => {
    expect(statusOf({ trafficPolicies: [policy] })?.ancestors).toMatchObject([
      {
        ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'shop', name: 'web' },
        controllerName: 'holdfast.dev/gateway-controller',
        conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', observedGeneration: 2 }],
      },
    ]);
    expect(statusOf({ trafficPolicies: [{ ...policy, services: ['other'] }] })).toBeUndefined();
  });

  test('says why it does not apply', () => {
    expect(reasonsOf({ trafficPolicies: [{ ...policy, unsupported: ['spec.retryConstraint'] }] })).toEqual([
      'False Invalid',
    ]);
    const older = { ...policy, name: 'a', createdAt: '2025-01-01T00:00:00Z' };
    expect(reasonsOf({ trafficPolicies: [policy, older] })).toEqual(['False Conflicted']);
  });
});
