/** What a HoldfastProxy reports of the Gateways that use it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import { customResourceDefinitions, gateways, holdfastProxies } from '../../src/kube/resources.ts';
import { elsewhere, gateway, routeDefinition } from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'));
  await world.start();
  const parametersRef = { group: 'holdfast.dev', kind: 'HoldfastProxy', name: 'settings' };
  await world.after(() => {
    world.put(gateways, elsewhere('shop', gateway('web', { infrastructure: { parametersRef } })));
    world.put(holdfastProxies, settings({ type: 'ClusterIP' }));
  });
  expect(applied()).toMatchObject({ status: 'True', observedGeneration: 1 });
});
afterEach(() => world.stop());

const settings = (service: object, generation = 1): KubeObject => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'HoldfastProxy',
  metadata: { namespace: 'shop', name: 'settings', uid: 'uid-of-settings', generation },
  spec: { service },
});

type Condition = { type: string; status: string; reason: string; message: string; observedGeneration: number };
const applied = (): Condition | undefined => {
  const { status } = world.mustFind(holdfastProxies, 'settings') as KubeObject & {
    status?: { conditions: Condition[] };
  };
  return status?.conditions.find(({ type }) => type === 'Applied');
};
const put = (service: object, generation: number) =>
  world.after(() =>
    world.edit(holdfastProxies, 'settings', ({ status }) => ({ ...settings(service, generation), status })),
  );

describe('a HoldfastProxy', () => {
  test('is not applied while the API server refuses what a Gateway needs for it', async () => {
    // The cluster of these tests has no Services of this type.
    await put({ type: 'NodePort' }, 2);
    expect(applied()).toMatchObject({
      status: 'False',
      reason: 'ApplyFailed',
      message: expect.stringMatching(
        /^Gateway shop\/web: PATCH .*\/services\/web-holdfast: 422 Invalid: .* The write will be retried[.]$/,
      ),
      observedGeneration: 2,
    });
    await put({ type: 'ClusterIP' }, 3);
    expect(applied()).toMatchObject({ status: 'True', reason: 'Applied', observedGeneration: 3 });
  });

  test('names the node ports that no listener has', async () => {
    await put({ type: 'ClusterIP', nodePorts: [{ port: 8443, nodePort: 30_443 }] }, 2);
    expect(applied()).toMatchObject({
      status: 'True',
      message:
        'It applies to the proxies of 1 Gateway: shop/web. ' +
        'spec.service.nodePorts: Gateway shop/web has no listener on port 8443: add one, or remove the entry.',
    });
  });
});
