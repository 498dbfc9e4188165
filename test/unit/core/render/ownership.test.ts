import { describe, expect, test } from '@jest/globals';
import { findConflicts } from '../../../../src/core/render/conflicts.ts';
import { renderGateway } from '../../../../src/core/render/gateway.ts';
import { renderWorkload } from '../../../../src/core/render/workload.ts';
import type { OwnedObject } from '../../../../src/core/render/owned-object.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { indexCluster } from '../../../../src/core/translate/cluster-index.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const proxy = {
  image: 'holdfast',
  imagePullPolicy: 'IfNotPresent',
  caPem: '',
  discoveryHost: 'd',
  serverName: 's',
} as const;

function objectsOf(world: ShortWorld): OwnedObject[] {
  const snapshot = snapshotOf(world);
  const { accepts, gateways, index } = translate(snapshot);
  return [
    ...Object.values(accepts).flatMap((accept) =>
      accept.kind === 'accepted' ? renderWorkload(accept.plan, snapshot) : [],
    ),
    ...Object.values(gateways).flatMap((gateway) => renderGateway(gateway, { ...snapshot, proxy, seen: index })),
  ];
}

const ownersOf = (objects: OwnedObject[], kind: string): string[][] =>
  objects
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);

describe('owners', () => {
  const world: ShortWorld = {
    workloads: [{ name: 'till' }, { name: 'cart' }],
    targets: [{ name: 'cart' }, { name: 'till' }],
  };

  test('all StickyWorkloads of a Gateway own it and its proxy, so that they are deleted with the last one', () => {
    for (const kind of ['Gateway', 'Deployment', 'ServiceAccount', 'PodDisruptionBudget']) {
      expect(ownersOf(objectsOf(world), kind)).toEqual([['uid-cart', 'uid-till']]);
    }
  });

  test('no object has two controllers, which the API server would reject', () => {
    const controllers = objectsOf(world).map(
      ({ metadata }) => metadata.ownerReferences?.filter(({ controller }) => controller).length ?? 0,
    );
    expect(Math.max(...controllers)).toBe(1);
  });

  test('equal clusters give equal objects whatever the order', () => {
    const turned = { ...world, workloads: world.workloads?.toReversed() ?? [] };
    const byName = (objects: OwnedObject[]) =>
      objects.toSorted((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));
    expect(byName(objectsOf(turned))).toEqual(byName(objectsOf(world)));
  });
});

describe('an existing object of the same name', () => {
  const rows: [string, { ownerUids: string[]; component?: string }, boolean][] = [
    ['without an owner is left unchanged', { ownerUids: [] }, true],
    ['of another owner is left unchanged', { ownerUids: ['uid-of-helm'] }, true],
    ['that Holdfast created for another purpose is left unchanged', { ownerUids: [], component: 'proxy' }, true],
    ['with the owner but without the labels is restored', { ownerUids: ['uid-cart'] }, false],
    [
      'of a deleted StickyWorkload of the same name, with the labels, is adopted',
      { ownerUids: ['uid-earlier'], component: 'workload' },
      false,
    ],
    ['without an owner, with the labels, is adopted', { ownerUids: [], component: 'workload' }, false],
  ];
  test.each(rows)('%s', (_, standing, conflict) => {
    const world: ShortWorld = {
      workloads: [{ name: 'cart' }],
      targets: [{ name: 'cart' }],
      services: [{ name: 'cart', ...standing }],
    };
    expect(findConflicts(objectsOf(world), indexCluster(snapshotOf(world))).map(({ reason }) => reason)).toEqual(
      conflict ? ['ServiceConflict'] : [],
    );
  });

  test('an object of the same name in another namespace or of another kind is ignored', () => {
    const world: ShortWorld = {
      workloads: [{ name: 'cart' }],
      targets: [{ name: 'cart' }],
      services: [{ name: 'cart', namespace: 'zoo', ownerUids: [] }],
      httpRoutes: [{ name: 'holdfast', ownerUids: [] }],
    };
    expect(findConflicts(objectsOf(world), indexCluster(snapshotOf(world)))).toEqual([]);
  });
});
