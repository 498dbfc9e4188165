import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import { mutatingWebhookConfigurations, pods, replicaSets, stickyWorkloads } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { namespace, pod, replicaSet, stickyWorkload } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;

// Real TLS: certificates are issued by the operator's clock and checked by the machine's.
beforeEach(async () => {
  ({ world, operator } = await createServingWorld({ startMs: Date.now() }));
});
afterEach(() => world.stop());

describe('pods that run without the sidecar', () => {
  const bare = pod({ name: 'cart-c', of: 'cart-1', app: 'cart' });

  test('are counted and named, with instructions, and nothing else changes', async () => {
    expect(await world.after(() => world.put(pods, bare))).toEqual({
      writes: ['apply status of StickyWorkload shop/cart'],
      events: ['Warning PodsNotInjected cart'],
    });
    const condition = world.condition('cart', 'Injected');
    expect(condition?.message).toContain('missing in 1 of 3 pods (cart-c)');
    expect(condition?.message).toContain('kubectl rollout restart deployment/cart -n shop');
    expect(world.condition('cart', 'Ready')).toMatchObject({ status: 'False', reason: 'NotInjected' });
  });

  test('are no longer reported when they are deleted', async () => {
    await world.after(() => world.put(pods, bare));
    expect(await world.after(() => world.cluster.remove(pods, { namespace, name: 'cart-c' }))).toEqual({
      writes: ['apply status of StickyWorkload shop/cart'],
      events: ['Normal Injected cart', 'Normal Ready cart'],
    });
  });

  test('are reported for a preStop hook that was kept', async () => {
    const kept: KubeObject = pod({ name: 'cart-c', of: 'cart-1', app: 'cart', workload: 'cart' });
    const spec = kept['spec'] as { containers: object[] };
    spec.containers = [{ name: 'app', image: 'app:1', lifecycle: { preStop: { exec: { command: ['/bin/save'] } } } }];
    expect((await world.after(() => world.put(pods, kept))).events).toEqual(['Warning PreStopConflict cart']);
    expect(world.condition('cart', 'Injected')?.message).toContain(
      'The preStop hook of container app was left unchanged',
    );
  });

  test('are not reported for hooks that call the sidecar, with or without the container name', async () => {
    const held: KubeObject = pod({ name: 'cart-c', of: 'cart-1', app: 'cart', workload: 'cart' });
    const spec = held['spec'] as { containers: object[] };
    const preStop = (path: string) => ({ lifecycle: { preStop: { httpGet: { path, port: 15_999 } } } });
    spec.containers = [
      { name: 'app', image: 'app:1', ...preStop('/prestop/app') },
      { name: 'old', image: 'app:1', ...preStop('/prestop') },
    ];
    await world.after(() => world.put(pods, held));
    expect(world.condition('cart', 'Injected')).toMatchObject({ status: 'True' });
  });
});

describe('the webhook configuration', () => {
  type Entry = { name: string; failurePolicy: string; matchConditions: { expression: string }[] };
  const entries = (): Entry[] => world.mustFind(mutatingWebhookConfigurations, 'holdfast')['webhooks'] as Entry[];

  test('names the namespaces and targets of all StickyWorkloads, and fails open', () => {
    expect(entries().map(({ name, failurePolicy }) => [name, failurePolicy])).toEqual([
      ['shop.inject.holdfast.dev', 'Ignore'],
      ['labelled.holdfast.dev', 'Ignore'],
    ]);
    expect(entries()[0]?.matchConditions[0]?.expression).toContain("['cart']");
  });

  test('follows created and deleted StickyWorkloads, with one write each', async () => {
    const elsewhere = stickyWorkload({ name: 'chat', namespace: 'talk' });
    const came = await world.after(() => world.put(stickyWorkloads, elsewhere));
    expect(came.writes).toEqual([
      'apply MutatingWebhookConfiguration holdfast',
      'apply status of StickyWorkload talk/chat',
    ]);
    expect(
      entries()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['labelled.holdfast.dev', 'shop.inject.holdfast.dev', 'talk.inject.holdfast.dev']);
    const went = await world.after(() => world.cluster.remove(stickyWorkloads, { namespace: 'talk', name: 'chat' }));
    expect(went).toEqual({ writes: ['apply MutatingWebhookConfiguration holdfast'], events: [] });
    expect(entries().map(({ name }) => name)).toEqual(['shop.inject.holdfast.dev', 'labelled.holdfast.dev']);
  });
});

describe('a pod at admission', () => {
  async function admit(owner: string, client = world.client(operator.listening().webhook)): Promise<unknown> {
    const { metadata, ...object } = pod({ name: 'x', of: owner, app: 'cart' });
    const created = {
      ...object,
      metadata: { generateName: `${owner}-`, labels: metadata.labels, ownerReferences: metadata.ownerReferences },
    };
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u', kind: { group: '', version: 'v1', kind: 'Pod' }, namespace, object: created },
    };
    const { body } = await client.call('POST', '/inject', { body: JSON.stringify(review) });
    const { response } = body as { response: { allowed: boolean; patch?: string } };
    expect(response.allowed).toBe(true);
    return response.patch === undefined ? undefined : JSON.parse(Buffer.from(response.patch, 'base64').toString());
  }

  test('gets the sidecar if its Deployment is a target', async () => {
    expect(JSON.stringify(await admit('cart-1'))).toContain('"holdfast-sidecar"');
    expect(operator.injections).toEqual(new Map([['Injected', 1]]));
  });

  test('gets the sidecar from a replica that stops, on a connection that ends with the response', async () => {
    const second = await world.start('operator-2', 5000);
    const client = world.client(second.listening().webhook);
    await admit('cart-1', client);
    const stopped = world.stop('operator-2');
    await world.clock.advance(4900);
    expect(JSON.stringify(await admit('cart-1', client))).toContain('"holdfast-sidecar"');
    expect((await client.open('POST', '/inject')).headers['connection']).toBe('close');
    await world.clock.advance(100);
    await stopped;
    await expect(admit('cart-1', client)).rejects.toThrow('ECONNREFUSED');
  });

  test('gets the sidecar even if no cache holds its ReplicaSet yet', async () => {
    world.put(replicaSets, replicaSet('cart-2', 'cart'));
    expect(JSON.stringify(await admit('cart-2'))).toContain('"holdfast-sidecar"');
  });

  test('is admitted unchanged if its Deployment is not a target', async () => {
    world.put(replicaSets, replicaSet('stranger-1', 'stranger'));
    expect(await admit('stranger-1')).toBeUndefined();
    expect(operator.injections).toEqual(new Map([['NotSticky', 1]]));
  });
});

describe('the sidecar of a pod that is evicted', () => {
  const ask = async (): Promise<unknown> =>
    (await world.client(operator.listening().discovery).call('GET', '/v1/drain', { token: 'sidecar' })).body;
  const evicted = (): KubeObject => {
    const one = pod({ name: 'cart-a', of: 'cart-1', app: 'cart', workload: 'cart' });
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
    ];
    const deletionTimestamp = new Date(world.clock.nowMs() + 60_000).toISOString();
    return {
      ...one,
      metadata: { ...one.metadata, deletionTimestamp, deletionGracePeriodSeconds: 60 },
      status: { phase: 'Running', podIP: '10.0.0.97', conditions },
    };
  };

  beforeEach(() =>
    world.cluster.addToken('sidecar', {
      username: 'system:serviceaccount:shop:default',
      podName: 'cart-a',
      podUid: 'uid-cart-a',
    }),
  );

  test('receives the reason of the disruption, to report who shortened its drain', async () => {
    await world.after(() => world.put(pods, evicted()));
    expect(await ask()).toMatchObject({ terminating: true, disruption: 'EvictionByEvictionAPI' });
  });

  test('receives no disruption if the pod was simply deleted', async () => {
    const one = evicted();
    await world.after(() =>
      world.put(pods, {
        ...one,
        status: {
          phase: 'Running',
          podIP: '10.0.0.97',
          conditions: [{ type: 'DisruptionTarget', status: 'False', reason: 'Over' }],
        },
      }),
    );
    expect(await ask()).not.toHaveProperty('disruption');
  });
});
