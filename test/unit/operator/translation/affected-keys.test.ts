import { describe, expect, test } from '@jest/globals';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { findAffectedKeys } from '../../../../src/operator/translation/affected-keys.ts';
import { addChange, allChanges, noChanges } from '../../../../src/operator/translation/changes.ts';
import type { Translated } from '../../../../src/operator/translation/translation-store.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const world: ShortWorld = {
  workloads: [
    {
      name: 'cart',
      spec: { route: { parentRefs: [{ name: 'web', namespace: 'infra' }], hostnames: ['cart.example'] } },
    },
    {
      name: 'desk',
      spec: { route: { parentRefs: [{ name: 'web', namespace: 'infra' }], hostnames: ['desk.example'] } },
    },
    { name: 'mail', namespace: 'post' },
  ],
  targets: [{ name: 'cart' }, { name: 'desk' }, { name: 'mail', namespace: 'post' }],
  gateways: ['web', 'quiet'].map((name) => ({
    name,
    namespace: 'infra',
    listeners: [{ name: 'http', allowedRoutes: { from: 'All', kinds: [] } }],
  })),
  proxies: [
    { name: 'web-holdfast', namespace: 'infra', gateway: 'web' },
    { name: 'quiet-holdfast', namespace: 'infra', gateway: 'quiet' },
    { name: 'holdfast-holdfast', namespace: 'post' },
  ],
};
const front = {
  name: 'front',
  namespace: 'front',
  createdAt: '2025-01-01T00:00:00Z',
  spec: { parentRefs: [{ name: 'web', namespace: 'infra' }], hostnames: ['cart.example'], rules: [{}] },
};

const translated = (snapshot: Snapshot, before?: Translated): Translated => ({
  snapshot,
  translation: translate(snapshot, before?.translation),
  faults: [],
});

/** Returns the keys that the change of a world affects. */
function affectedBy(some: ShortWorld, other: ShortWorld): string[] {
  const before = translated(snapshotOf({ ...world, ...some }));
  const after = translated({ ...before.snapshot, ...pick(snapshotOf({ ...world, ...other }), other) }, before);
  return findAffectedKeys(after, noChanges(), before).toSorted();
}

/** Unchanged lists are the same objects in a cluster. */
const pick = (snapshot: Snapshot, changed: ShortWorld): Partial<Snapshot> =>
  Object.fromEntries(Object.entries(snapshot).filter(([list]) => list in changed));

const everything = [
  'Gateway/infra/quiet',
  'Gateway/infra/web',
  'Gateway/post/holdfast',
  'GatewayClass',
  'HoldfastProxy',
  'post/mail',
  'shop/cart',
  'shop/desk',
];

describe('a change affects', () => {
  test('everything before the first translation that is followed', () => {
    expect(findAffectedKeys(translated(snapshotOf(world)), allChanges()).toSorted()).toEqual(everything);
  });

  test('nothing if lists are other objects that are equal', () => {
    expect(affectedBy({}, world)).toEqual([]);
  });

  test('a Gateway with one route more, and the StickyWorkload whose requests the route has', () => {
    expect(affectedBy({}, { httpRoutes: [front] })).toEqual([
      'Gateway/infra/web',
      'HTTPRoute/front/front',
      'HoldfastProxy',
      'shop/cart',
    ]);
  });

  test('the same when the route is gone, but for the route', () => {
    expect(affectedBy({ httpRoutes: [front] }, { httpRoutes: [] })).toEqual([
      'Gateway/infra/web',
      'HoldfastProxy',
      'shop/cart',
    ]);
  });

  test('a Gateway with other proxies, and the StickyWorkloads behind it', () => {
    const proxies = (world.proxies ?? []).map((proxy) =>
      proxy.name === 'web-holdfast' ? { ...proxy, readyReplicas: 0 } : proxy,
    );
    expect(affectedBy({}, { proxies })).toEqual(['Gateway/infra/web', 'HoldfastProxy', 'shop/cart', 'shop/desk']);
  });

  test('the StickyWorkload whose target has another port', () => {
    const targets = (world.targets ?? []).map((target) =>
      target.name === 'desk' ? { ...target, containerPorts: [{ name: 'http', port: 9090 }] } : target,
    );
    expect(affectedBy({}, { targets })).toEqual(['shop/desk']);
  });

  test('a StickyWorkload with another pod', () => {
    expect(affectedBy({}, { pods: [{ name: 'mail-1', namespace: 'post', of: 'Deployment/mail' }] })).toEqual([
      'post/mail',
    ]);
  });

  test('every StickyWorkload, its Gateways and those that are generated, when Gateway API is removed', () => {
    const others = everything.filter((key) => key !== 'Gateway/infra/quiet' && key !== 'GatewayClass');
    expect(affectedBy({}, { gatewayApi: { installed: false } })).toEqual(others);
  });

  test('a Gateway that is generated no more', () => {
    const workloads = (world.workloads ?? []).slice(0, 2);
    expect(affectedBy({}, { workloads })).toContain('Gateway/post/holdfast');
  });
});

test('an edit of an object that Holdfast owns affects its owner, whatever the translation shows', () => {
  const same = translated(snapshotOf(world));
  const edited = (name: 'services' | 'deployments', metadata: { namespace: string; name: string }): string[] => {
    const changes = noChanges();
    addChange(changes, name, { apiVersion: 'v1', kind: 'Service', metadata });
    return findAffectedKeys(same, changes, same);
  };
  expect(edited('services', { namespace: 'shop', name: 'cart' })).toEqual(['shop/cart']);
  expect(edited('services', { namespace: 'infra', name: 'web-holdfast' })).toEqual(['Gateway/infra/web']);
  expect(edited('deployments', { namespace: 'infra', name: 'web-holdfast' })).toEqual(['Gateway/infra/web']);
  expect(edited('deployments', { namespace: 'infra', name: 'cart' })).toEqual([]);
});
