/** A proxy refuses a resource that it cannot use, and keeps the previous one: its Gateway says so. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { customResourceDefinitions, gateways, pods } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { Refusal, Report } from '../../src/wire/messages.ts';
import { elsewhere, gateway, proxyPod, routeDefinition } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';
import { openResourceStream, type ResourceStream } from '../support/resource-stream.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let operator: Operator;
let client: TlsClient;
let stream: ResourceStream;

beforeEach(async () => {
  // Real TLS: certificates are issued by the clock of the operator and checked by the clock of the machine.
  ({ world, operator } = await createServingWorld({ startMs: Math.floor(Date.now() / 1000) * 1000 }));
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, gateway('web'));
  world.put(pods, elsewhere('infra', proxyPod('web-1', 'web')));
  const identity = { username: 'system:serviceaccount:infra:web-holdfast', podName: 'web-1', podUid: 'uid-web-1' };
  world.cluster.addToken('web-1', identity);
  await world.settle();
  client = world.client(operator.listening().discovery);
  stream = await openResourceStream(client, { token: 'web-1' });
  await stream.next();
});
afterEach(() => world.stop());

let sequence = 0;
async function report(refused: Refusal[]): Promise<void> {
  const { acknowledged } = await stream.acknowledge(undefined);
  const body: Report = {
    startedAtMs: 1,
    sequence: (sequence += 1),
    acknowledged: { nonce: acknowledged?.nonce ?? 0, refused },
    endpoints: [],
    ended: [],
    seen: [],
  };
  await client.call('POST', '/v1/report', { token: 'web-1', body: JSON.stringify(body) });
  await world.settle();
}

type Condition = { type: string; status: string; reason: string; message: string };
const condition = (): Condition | undefined => {
  const found = world.cluster.find(gateways, { namespace: 'infra', name: 'web' });
  const status = found?.['status'] as { conditions: Condition[] } | undefined;
  return status?.conditions.find(({ type }) => type === 'holdfast.dev/ResourceRefused');
};
const events = () =>
  world.cluster
    .events()
    .filter(({ reason }) => reason === 'ResourceRefused')
    .map(({ regarding, type }) => `${type} ${regarding.kind} ${regarding.name}`);
const counted = () => Object.fromEntries(operator.counters.refusedResources);

test('a resource that a proxy refuses is in the metric, a condition and an event of its Gateway, until it accepts a later one', async () => {
  expect(condition()).toBeUndefined();
  const refusal = { id: 'route/shop/cart#0', problem: 'match.path.value: must begin with /' };
  await report([refusal]);
  expect(condition()).toMatchObject({ status: 'True', reason: 'ResourceRefused' });
  expect(condition()?.message).toContain('route/shop/cart#0: match.path.value: must begin with /');
  expect(events()).toEqual(['Warning Gateway web']);
  expect(counted()).toEqual({ route: 1 });
  // Each report repeats the acknowledgement.
  await report([refusal]);
  expect(counted()).toEqual({ route: 1 });
  await world.after(() =>
    world.put(gateways, gateway('web', { listeners: [{ name: 'http' }, { name: 'more', port: 8080 }] })),
  );
  await stream.next();
  await report([]);
  expect(condition()).toBeUndefined();
});

test('what a proxy refused ends with its pod', async () => {
  await report([{ id: 'listeners', problem: 'must be a list' }]);
  expect(condition()).toBeDefined();
  await world.after(() => world.cluster.remove(pods, { namespace: 'infra', name: 'web-1' }));
  expect(condition()).toBeUndefined();
});
