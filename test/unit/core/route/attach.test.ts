import { describe, expect, test } from '@jest/globals';
import type { RouteParentRef } from '../../../../src/core/snapshot/http-route.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

type Listeners = NonNullable<NonNullable<ShortWorld['gateways']>[number]['listeners']>;

/** Returns the listeners that a route of namespace shop with these parentRefs attaches to, or why it does not. */
function attach(
  refs: RouteParentRef[],
  listeners: Listeners,
  { hostnames, namespaces = [] }: Pick<ShortWorld, 'namespaces'> & { hostnames?: string[] } = {},
): string[] {
  const { httpRoutes } = translate(
    snapshotOf({
      namespaces,
      gateways: [
        { name: 'web', namespace: 'infra', listeners },
        { name: 'theirs', namespace: 'infra', className: 'theirs' },
      ],
      httpRoutes: [
        {
          name: 'r',
          spec: {
            parentRefs: refs,
            ...(hostnames && { hostnames }),
            rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }],
          },
        },
      ],
    }),
  );
  return (httpRoutes.get('shop/r')?.parents ?? []).map((verdict) =>
    verdict.kind === 'attached' ? verdict.listeners.join(' ') : verdict.reason,
  );
}

const all = { from: 'All' as const, kinds: [] };
const web = { name: 'web', namespace: 'infra' };
const http = { name: 'http', allowedRoutes: all };

describe('a route attaches', () => {
  test.each<[string, Partial<RouteParentRef>, Listeners, string]>([
    ['to every listener', {}, [http, { ...http, name: 'alt', port: 8080 }], 'http alt'],
    ['to the listener of its sectionName', { sectionName: 'alt' }, [http, { ...http, name: 'alt' }], 'alt'],
    ['to the listeners of its port', { port: 8080 }, [http, { ...http, name: 'alt', port: 8080 }], 'alt'],
    ['to an HTTPS listener whose certificate is missing', {}, [{ ...http, protocol: 'HTTPS', port: 443 }], 'http'],
    ['to a listener that conflicts with another one', { sectionName: 'b' }, [http, { ...http, name: 'b' }], 'b'],
    [
      'to a listener that allows its kind',
      {},
      [{ ...http, allowedRoutes: { from: 'All', kinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }] } }],
      'http',
    ],
  ])('%s', (_, ref, listeners, attached) => {
    expect(attach([{ ...web, ...ref }], listeners)).toEqual([attached]);
  });

  test('to listeners that select the labels of its namespace', () => {
    const allowedRoutes = { from: 'Selector' as const, selector: { matchLabels: { team: 'shop' } }, kinds: [] };
    const listeners = [{ ...http, allowedRoutes }];
    const labelled = (team: string) => ({ namespaces: [{ name: 'shop', labels: { team }, isTerminating: false }] });
    expect(attach([web], listeners, labelled('shop'))).toEqual(['http']);
    expect(attach([web], listeners, labelled('zoo'))).toEqual(['NotAllowedByListeners']);
  });

  test('only to listeners with a hostname that is one of its own', () => {
    const listeners = [
      { ...http, name: 'a', hostname: 'a.example.com' },
      { ...http, name: 'wild', hostname: '*.example.com' },
    ];
    expect(attach([web], listeners, { hostnames: ['A.example.com', 'b.example.org'] })).toEqual(['a wild']);
    expect(attach([web], listeners, { hostnames: ['b.example.com'] })).toEqual(['wild']);
    expect(attach([web], listeners, { hostnames: ['example.com'] })).toEqual(['NoMatchingListenerHostname']);
  });
});

describe('a route is refused', () => {
  test.each<[string, Partial<RouteParentRef>, Listeners, string]>([
    ['for a sectionName that no listener has', { sectionName: 'gone' }, [http], 'NoMatchingParent'],
    ['for a port that no listener has', { port: 81 }, [http], 'NoMatchingParent'],
    [
      'for a sectionName and a port of two listeners',
      { sectionName: 'http', port: 8080 },
      [http, { ...http, name: 'alt', port: 8080 }],
      'NoMatchingParent',
    ],
    ['from another namespace by default', {}, [{ name: 'http' }], 'NotAllowedByListeners'],
    [
      'by a listener for other kinds',
      {},
      [{ ...http, allowedRoutes: { from: 'All', kinds: [{ group: 'gateway.networking.k8s.io', kind: 'TCPRoute' }] } }],
      'NotAllowedByListeners',
    ],
    ['by a listener of another protocol', {}, [{ ...http, protocol: 'TCP' }], 'NotAllowedByListeners'],
  ])('%s', (_, ref, listeners, reason) => {
    expect(attach([{ ...web, ...ref }], listeners)).toEqual([reason]);
  });
});

test('each parentRef has its own verdict, and one to a Gateway of another controller, or to none, has no verdict', () => {
  const refs = [
    { ...web, sectionName: 'http' },
    { ...web, sectionName: 'gone' },
    { ...web, name: 'theirs' },
    { ...web, name: 'missing' },
    { ...web, kind: 'Service', group: '' },
  ];
  expect(attach(refs, [http])).toEqual(['http', 'NoMatchingParent']);
});

test.each<[string, object, string]>([
  ['a field of a newer version of Gateway API', { novelty: true }, 'spec.rules[0].novelty'],
  ['an expression that is none', { matches: [{ path: { type: 'RegularExpression', value: '(' } }] }, '"("'],
])('a route with %s is refused as a whole, and its message names the field', (_, rule, field) => {
  const { httpRoutes, tables } = translate(
    snapshotOf({
      gateways: [{ name: 'web' }],
      services: [{ name: 'cart' }],
      httpRoutes: [
        {
          name: 'r',
          spec: { parentRefs: [{ name: 'web' }], rules: [rule, { backendRefs: [{ name: 'cart', port: 80 }] }] },
        },
      ],
    }),
  );
  const [verdict] = httpRoutes.get('shop/r')?.parents ?? [];
  expect(verdict).toMatchObject({ kind: 'refused', reason: 'UnsupportedValue' });
  expect(verdict?.kind === 'refused' && verdict.message).toContain(field);
  expect(tables['shop/web']?.routes).toEqual([]);
});
