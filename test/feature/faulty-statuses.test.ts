/** Objects of other APIs that cannot be translated: their statuses say so, and those of others do not wait. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import { customResourceDefinitions, gateways, listenerSets, services } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { everyDefinition, everyStatus, plainService } from '../support/every-status.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, ...everyDefinition);
  operator = await world.start();
  world.put(services, plainService);
  for (const { resource, object } of everyStatus) world.put(resource, object);
  await world.settle();
});
afterEach(() => world.stop());

/** The API server refuses such fields: they stand for those on which the operator has a defect. */
const odd: Record<string, object> = {
  Gateway: { addresses: [{ value: 5 }] },
  ListenerSet: {
    listeners: ['a.example', 5].map((hostname, at) => ({ name: `l${at}`, port: 8443, protocol: 'HTTPS', hostname })),
  },
  HTTPRoute: { rules: [{ matches: 5 }] },
  GRPCRoute: { rules: [{ backendRefs: 5 }] },
  XBackendTrafficPolicy: { sessionPersistence: { absoluteTimeout: 5 } },
  XBackend: { sessionPersistence: { absoluteTimeout: 5 } },
  BackendTLSPolicy: { validation: { hostname: 'a.example', subjectAltNames: [{ type: 'Hostname', hostname: 5 }] } },
  HoldfastProxy: { clientAddress: { trustedProxies: 5 } },
};

/** Fields that already its watch cannot read, as an older definition may have let them pass. */
const unreadable: Record<string, object> = {
  Gateway: { listeners: 5 },
  ListenerSet: { listeners: 5 },
  GRPCRoute: { rules: 5 },
  BackendTLSPolicy: { validation: { caCertificateRefs: 5 } },
};

const kinds = everyStatus.flatMap(({ resource, object }) =>
  Object.entries({ translated: odd[resource.kind], read: unreadable[resource.kind] }).flatMap(([verb, spec]) =>
    spec ? [{ resource, object, kind: resource.kind, name: object.metadata.name, spec, verb }] : [],
  ),
);

type Condition = { type: string; status: string; reason: string; message: string; observedGeneration: number };
type Status = { conditions?: Condition[]; parents?: Status[]; ancestors?: Status[] };

const conditionsOf = (resource: Resource, name: string): Condition[] => {
  const { status } = world.mustFind(resource, name) as KubeObject & { status?: Status };
  return (status?.parents ?? status?.ancestors ?? [status])[0]?.conditions ?? [];
};
const accepted = (resource: Resource, name: string) =>
  conditionsOf(resource, name).find(({ type }) => type === 'Accepted');

const withSpec = (spec: object, generation: number) => (object: KubeObject) => ({
  ...object,
  metadata: { ...object.metadata, generation },
  spec: { ...(object['spec'] as object), ...spec },
});
const failed = (generation: number) => ({
  status: 'False',
  reason: 'TranslationFailed',
  observedGeneration: generation,
  message: expect.stringContaining('report this defect of Holdfast'),
});

describe.each(kinds)('a $kind that cannot be $verb', ({ resource, object, name, spec }) => {
  test('has the condition, besides those that it had, until it can be', async () => {
    const before = conditionsOf(resource, name);
    await world.after(() => world.edit(resource, name, withSpec(spec, 2)));
    expect(operator.translations.latest()?.faults.map(({ kind }) => kind)).toEqual([resource.kind]);
    expect(accepted(resource, name)).toMatchObject(failed(2));
    expect(world.logger.messages().filter((message) => message === 'object not translated')).toHaveLength(1);
    expect(conditionsOf(resource, name)).toHaveLength(before.length);
    await world.after(() =>
      world.edit(resource, name, (odder) => ({ ...withSpec({}, 3)(odder), spec: object['spec'] })),
    );
    expect(conditionsOf(resource, name)).toMatchObject(
      before.map(({ type, status, reason }) => ({ type, status, reason })),
    );
  });

  test('has it if it was never translated, also at another replica', async () => {
    world.cluster.remove(resource, { namespace: 'shop', name });
    await world.settle();
    const fresh = { ...object, metadata: { ...object.metadata, uid: 'uid-of-another' } };
    await world.after(() => world.put(resource, withSpec(spec, 1)(fresh)));
    expect(accepted(resource, name)).toMatchObject(failed(1));
    expect(world.logger.messages().filter((message) => message === 'object not translated')).toHaveLength(1);
    await world.stop();
    world.edit(resource, name, ({ status: _lost, ...rest }) => rest);
    await world.start('operator-2');
    expect(accepted(resource, name)).toMatchObject(failed(1));
  });
});

test('the ListenerSets of a Gateway that cannot be translated have their own statuses', async () => {
  await world.after(() => world.edit(gateways, 'web', withSpec(odd['Gateway'] ?? {}, 2)));
  expect(accepted(gateways, 'web')).toMatchObject(failed(2));
  const listeners = [{ name: 'mine', port: 8082, protocol: 'HTTP' }];
  await world.after(() => world.edit(listenerSets, 'team', withSpec({ listeners }, 2)));
  expect(accepted(listenerSets, 'team')).toMatchObject({ status: 'True', observedGeneration: 2 });
  await world.after(() => world.edit(listenerSets, 'team', withSpec(odd['ListenerSet'] ?? {}, 3)));
  expect(accepted(listenerSets, 'team')).toMatchObject(failed(3));
});
