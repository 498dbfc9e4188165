import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  deployments,
  holdfastProxies,
  horizontalPodAutoscalers,
  httpRoutes,
  replicaSets,
  secrets,
  services,
  stickyWorkloads,
} from '../../src/kube/resources.ts';
import { deployment, namespace, replicaSet, stickyWorkload } from '../support/operator-objects.ts';
import {
  createOperatorWorld,
  createServingWorld,
  provisioningWrites,
  type OperatorWorld,
} from '../support/operator-world.ts';

let world: OperatorWorld;
afterEach(() => world.stop());

describe('the smallest StickyWorkload', () => {
  beforeEach(() => {
    world = createOperatorWorld();
  });

  test('gets a Service, keys and a proxy, and one status write once the keys are known', async () => {
    world.putWorkload({ name: 'cart' });
    await world.start();
    expect(world.takeChanges()).toEqual({
      writes: [
        'create Secret holdfast-system/holdfast-ca',
        'create Lease holdfast-system/holdfast-operator',
        'create Secret holdfast-system/holdfast-session-keys',
        ...provisioningWrites,
        'apply status of StickyWorkload shop/cart',
      ],
      events: ['Normal Accepted cart', 'Normal ProxyNotReady cart'],
    });
    expect(world.mustFind(services, 'cart')['spec']).toMatchObject({
      selector: { app: 'cart' },
      ports: [{ port: 80, targetPort: 8080 }],
    });
    expect(world.mustFind(deployments, 'holdfast-holdfast')['spec']).toMatchObject({ replicas: 2 });
    expect(world.cluster.all(httpRoutes)).toEqual([]);
  });

  test('waits for a Deployment that is created later', async () => {
    await world.start();
    const tooEarly = await world.after(() => world.put(stickyWorkloads, stickyWorkload({ name: 'cart' })));
    expect(tooEarly).toEqual({
      writes: ['apply MutatingWebhookConfiguration holdfast', 'apply status of StickyWorkload shop/cart'],
      events: ['Warning TargetNotFound cart'],
    });
    const there = await world.after(() => world.put(deployments, deployment('cart')));
    expect(there.writes).toEqual([...provisioningWrites.slice(1), 'apply status of StickyWorkload shop/cart']);
    expect(there.events).toEqual(['Normal Accepted cart', 'Normal ProxyNotReady cart']);
  });
});

describe('a StickyWorkload that is served', () => {
  beforeEach(async () => {
    ({ world } = await createServingWorld());
  });

  test('is ready', () => {
    expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True', reason: 'GatewayAPIMissing' });
    expect(world.condition('cart', 'Ready')).toEqual({
      status: 'True',
      reason: 'Ready',
      message: '2 of 2 pods accept new sessions.',
    });
    expect(world.status('cart')).toMatchObject({ acceptingReplicas: 2, drainingReplicas: 0, selector: 'app=cart' });
  });

  test('causes no write while it does not change, however busy its namespace is', async () => {
    const busy = await world.after(() => {
      world.put(deployments, deployment('stranger'));
      world.put(replicaSets, replicaSet('stranger-1', 'stranger'));
    });
    expect(busy).toEqual({ writes: [], events: [] });
    await world.clock.advance(3_000_000);
    expect(world.takeChanges()).toEqual({ writes: [], events: [] });
  });

  test('keeps its keys, because sessions are signed with them', async () => {
    const before = world.cluster.find(secrets, { namespace: 'holdfast-system', name: 'holdfast-session-keys' });
    await world.after(() => world.editSpec(stickyWorkloads, 'cart', { service: { port: 8080, appProtocol: 'http' } }));
    await world.stop();
    await world.start('operator-2');
    expect(world.cluster.find(secrets, { namespace: 'holdfast-system', name: 'holdfast-session-keys' })).toEqual(
      before,
    );
  });

  test('gets only the dependent objects written when its spec changes', async () => {
    const changed = await world.after(() =>
      world.editSpec(stickyWorkloads, 'cart', { service: { port: 8080, appProtocol: 'http' } }),
    );
    expect(changed).toEqual({
      writes: ['apply Service shop/cart', 'apply status of StickyWorkload shop/cart'],
      events: [],
    });
    expect(world.mustFind(services, 'cart')['spec']).toMatchObject({ ports: [{ port: 8080 }] });
  });

  test('shares the proxy of its namespace with the next one', async () => {
    const second = await world.after(() => world.putWorkload({ name: 'chat' }));
    const shared = provisioningWrites.filter((write) => write.endsWith('holdfast-holdfast'));
    // Both StickyWorkloads apply the shared objects concurrently: a second apply may happen and changes nothing.
    const written = ['apply MutatingWebhookConfiguration holdfast', ...shared, 'apply Service shop/chat'];
    expect([...new Set(second.writes)].toSorted()).toEqual(
      [...written, 'apply status of StickyWorkload shop/chat'].toSorted(),
    );
    expect(second.writes.length).toBeLessThanOrEqual(written.length + 1 + shared.length);
    // Both have the default route, all of whose requests go to the older one.
    expect(second.events).toEqual(['Normal Accepted chat', 'Warning RouteShadowed chat']);
    expect(world.mustFind(deployments, 'holdfast-holdfast')).toMatchObject({
      metadata: { ownerReferences: [{ name: 'cart' }, { name: 'chat' }] },
      spec: { replicas: 2 },
    });
  });

  test('leaves the number of proxies to their scaler, until its HoldfastProxy asks for one', async () => {
    const replicas = () => world.mustFind(deployments, 'holdfast-holdfast')['spec'];
    await world.after(() => world.editSpec(deployments, 'holdfast-holdfast', { replicas: 5 }));
    expect(replicas()).toMatchObject({ replicas: 5 });
    const proxy = {
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'HoldfastProxy',
      metadata: { name: 'default', namespace: 'holdfast-system' },
    };
    await world.after(() => world.put(holdfastProxies, { ...proxy, spec: { replicas: 4 } }));
    expect(replicas()).toMatchObject({ replicas: 4 });
  });

  test('gets a HorizontalPodAutoscaler for its proxies, which is deleted with spec.autoscaling', async () => {
    const ref = { namespace: 'shop', name: 'holdfast-holdfast' };
    const edit = (spec: object) =>
      world.after(() =>
        world.put(holdfastProxies, {
          apiVersion: 'holdfast.dev/v1alpha1',
          kind: 'HoldfastProxy',
          metadata: { name: 'default', namespace: 'holdfast-system' },
          spec,
        }),
      );
    await edit({ autoscaling: { minReplicas: 3, maxReplicas: 9 } });
    expect(world.cluster.find(horizontalPodAutoscalers, ref)?.['spec']).toMatchObject({
      minReplicas: 3,
      maxReplicas: 9,
      scaleTargetRef: { kind: 'Deployment', name: 'holdfast-holdfast' },
    });
    expect((await edit({})).writes).toContain('delete HorizontalPodAutoscaler shop/holdfast-holdfast');
    expect(world.cluster.find(horizontalPodAutoscalers, ref)).toBeUndefined();
  });

  test('a reference to a missing HoldfastProxy is reported, and leaves the proxies as they are', async () => {
    const before = world.mustFind(deployments, 'holdfast-holdfast')['spec'];
    await world.after(() =>
      world.editSpec(stickyWorkloads, 'cart', { dataplane: { parametersRef: { name: 'gone' } } }),
    );
    expect(world.condition('cart', 'Programmed')).toMatchObject({
      status: 'False',
      reason: 'InvalidParameters',
      message: expect.stringContaining('HoldfastProxy gone does not exist in namespace shop: create it'),
    });
    expect(world.mustFind(deployments, 'holdfast-holdfast')['spec']).toEqual(before);
    await world.after(() => world.editSpec(stickyWorkloads, 'cart', { dataplane: {} }));
    expect(world.condition('cart', 'Programmed')?.status).toBe('True');
  });

  test('the refusal of its proxies by a quota is quoted', async () => {
    const message = 'pods "holdfast-holdfast-1" is forbidden: failed quota: team: must specify limits.cpu for: proxy';
    const refuse = (readyReplicas: number, conditions: object[]) =>
      world.after(() =>
        world.edit(deployments, 'holdfast-holdfast', (object) => ({
          ...object,
          status: { readyReplicas, conditions },
        })),
      );
    await refuse(0, [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]);
    expect(world.condition('cart', 'Programmed')).toEqual({
      status: 'False',
      reason: 'PodsRefused',
      message: `The API server refuses the proxy pods of Gateway holdfast: "${message}". Set spec.resources of a HoldfastProxy, or change the policy of the namespace.`,
    });
    await refuse(2, []);
    expect(world.condition('cart', 'Programmed')?.status).toBe('True');
  });

  test("the refusal of its app's pods because of the sidecar is quoted", async () => {
    const message = 'pods "cart-1" is forbidden: failed quota: team: must specify limits.cpu for: holdfast-sidecar';
    const refuse = (conditions: object[]) =>
      world.after(() => world.edit(deployments, 'cart', (object) => ({ ...object, status: { conditions } })));
    await refuse([{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]);
    expect(world.condition('cart', 'Injected')).toMatchObject({
      status: 'False',
      reason: 'PodsRefused',
      message: expect.stringContaining(
        `new pods of Deployment cart because of container holdfast-sidecar: "${message}"`,
      ),
    });
    await refuse([]);
    expect(world.condition('cart', 'Injected')?.status).toBe('True');
  });

  test('is deleted together with its objects, without a write for it', async () => {
    const deleted = await world.after(() => {
      world.cluster.remove(stickyWorkloads, { namespace, name: 'cart' });
      world.cluster.collectGarbage();
    });
    expect(deleted).toEqual({ writes: ['apply MutatingWebhookConfiguration holdfast'], events: [] });
    expect(world.cluster.all(services)).toEqual([]);
  });

  test('is applied once, without changes, by the next operator', async () => {
    await world.stop();
    world.takeChanges();
    const versions = () =>
      [deployments, services, secrets, stickyWorkloads].flatMap((resource) =>
        world.cluster.all(resource).map(({ metadata }) => metadata.resourceVersion),
      );
    const before = versions();
    await world.start('operator-2');
    expect(world.takeChanges()).toEqual({
      writes: ['update Lease holdfast-system/holdfast-operator', ...provisioningWrites],
      events: [],
    });
    expect(versions()).toEqual(before);
  });
});
