/** Statuses that Holdfast writes into the objects of other APIs, and that another client overwrites. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import { customResourceDefinitions, gatewayClasses, services } from '../../src/kube/resources.ts';
import { everyDefinition, everyStatus, plainService } from '../support/every-status.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
beforeAll(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, ...everyDefinition);
  await world.start();
  world.put(services, plainService);
  for (const { resource, object } of everyStatus) world.put(resource, object);
  await world.settle();
});
afterAll(() => world.stop());

type Edited = { resource: Resource; kind: string; name: string };
const edited: Edited[] = [
  ...everyStatus.map(({ resource, object }) => ({ resource, kind: resource.kind, name: object.metadata.name })),
  { resource: gatewayClasses, kind: 'GatewayClass', name: 'holdfast' },
];

/** Conditions are in the status itself, or in the entries of one of its lists. */
function withoutConditions({ status, ...object }: KubeObject): KubeObject {
  const lists = Object.entries(status as Record<string, unknown>).filter(([list]) =>
    ['conditions', 'parents', 'ancestors'].includes(list),
  );
  return { ...object, status: { ...(status as object), ...Object.fromEntries(lists.map(([list]) => [list, []])) } };
}

/** Without the times of transitions, which begin again. */
const statusOf = (resource: Resource, name: string): unknown =>
  JSON.parse(JSON.stringify(world.mustFind(resource, name)['status']), (field, value: unknown) =>
    field === 'lastTransitionTime' ? undefined : value,
  );

test.each(edited)('conditions that another client removes from a $kind are put back', async ({ resource, name }) => {
  const before = statusOf(resource, name);
  expect(JSON.stringify(before)).toMatch(/"conditions":\[\{/);
  const { writes } = await world.after(() => world.edit(resource, name, withoutConditions));
  const where = resource.namespaced ? `shop/${name}` : name;
  expect(writes).toEqual([`apply status of ${resource.kind} ${where}`]);
  expect(statusOf(resource, name)).toEqual(before);
});
