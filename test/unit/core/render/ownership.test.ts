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
  const { accepts, gateways } = translate(snapshot);
  return [
    ...Object.values(accepts).flatMap((accept) =>
      accept.kind === 'accepted' ? renderWorkload(accept.plan, snapshot) : [],
    ),
    ...Object.values(gateways).flatMap((gateway) => renderGateway(gateway, { ...snapshot, proxy })),
  ];
}

const ownersOf = (objects: OwnedObject[], kind: string): string[][] =>
  objects
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);

describe('who owns what', () => {
  const world: ShortWorld = {
    workloads: [{ name: 'till' }, { name: 'cart' }],
    targets: [{ name: 'cart' }, { name: 'till' }],
  };

  test('the proxy and its Gateway belong to all StickyWorkloads of the Gateway: they go with the last one', () => {
    for (const kind of ['Gateway', 'Deployment', 'ServiceAccount', 'PodDisruptionBudget']) {
      expect(ownersOf(objectsOf(world), kind)).toEqual([['uid-cart', 'uid-till']]);
    }
  });

  test('no object has two controllers: the API server would refuse it', () => {
    const controllers = objectsOf(world).map(
      ({ metadata }) => metadata.ownerReferences?.filter(({ controller }) => controller).length ?? 0,
    );
    expect(Math.max(...controllers)).toBe(1);
  });

  test('equal worlds give equal objects whatever came first', () => {
    const turned = { ...world, workloads: world.workloads?.toReversed() ?? [] };
    const byName = (objects: OwnedObject[]) =>
      objects.toSorted((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));
    expect(byName(objectsOf(turned))).toEqual(byName(objectsOf(world)));
  });
});

describe('an object of the name that exists', () => {
  const rows: [string, { ownerUids: string[]; component?: string }, boolean][] = [
    ['is nobody’s: left alone', { ownerUids: [] }, true],
    ['has another owner: left alone', { ownerUids: ['uid-of-helm'] }, true],
    ['is ours for another purpose: left alone', { ownerUids: [], component: 'proxy' }, true],
    ['has our owner but lost its labels: put back', { ownerUids: ['uid-cart'] }, false],
    [
      'is left of a deleted namesake and has our labels: taken over',
      { ownerUids: ['uid-earlier'], component: 'workload' },
      false,
    ],
    ['was orphaned and has our labels: taken over', { ownerUids: [], component: 'workload' }, false],
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

  test('a namesake of another namespace or kind is none of our business', () => {
    const world: ShortWorld = {
      workloads: [{ name: 'cart' }],
      targets: [{ name: 'cart' }],
      services: [{ name: 'cart', namespace: 'zoo', ownerUids: [] }],
      httpRoutes: [{ name: 'holdfast', ownerUids: [] }],
    };
    expect(findConflicts(objectsOf(world), indexCluster(snapshotOf(world)))).toEqual([]);
  });
});
