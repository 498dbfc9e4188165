import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CoreV1Api } from '@kubernetes/client-node';
import type { LiveCluster } from '../../../src/kube/live/client.ts';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { events, leases, pods, serviceAccounts } from '../../../src/kube/resources.ts';
import { describeWithApi, loadApiConfig } from '../../support/api-server.ts';
import { describeClusterContract } from '../../support/cluster-contract.ts';
import { widgets } from '../../support/widgets.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';
import { connectLive, eventually, installWidgets, makeNamespace, namespaces } from './world.ts';

describeWithApi('a live cluster, as any cluster', () => {
  describeClusterContract(async () => {
    const [cluster, another] = [connectLive(), connectLive({ fieldManager: 'another-client' })];
    await installWidgets(cluster);
    const namespace = await makeNamespace(cluster);
    return {
      cluster,
      namespace,
      // A controller may write first: then retry.
      edit: (resource, ref, change) =>
        eventually(async () => {
          const object = await another.get(resource, ref);
          if (object !== undefined) await another.update(resource, change(object));
          return true;
        }),
      async close() {
        await cluster.delete(namespaces, { name: namespace });
        await Promise.all([cluster.close(), another.close()]);
      },
    };
  });
});

describeWithApi('a live cluster', () => {
  let cluster: LiveCluster;
  let namespace: string;

  beforeAll(async () => {
    cluster = connectLive();
    await installWidgets(cluster);
    namespace = await makeNamespace(cluster);
  }, 30_000);
  afterAll(async () => {
    await cluster.delete(namespaces, { name: namespace });
    await cluster.close();
  });

  const pod = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { serviceAccountName: 'reviewed', containers: [{ name: 'app', image: 'app' }] },
  });

  test('reads and writes fields that no client library knows', async () => {
    const spec = { size: 1, newInKubernetes99: { deep: [{ field: true }] } };
    const made = await cluster.create(widgets, {
      apiVersion: 'test.holdfast.dev/v1',
      kind: 'Widget',
      metadata: { name: 'unknown', namespace },
      spec,
    });
    const read = await cluster.get(widgets, { namespace, name: 'unknown' });
    expect(read?.['spec']).toEqual(spec);
    expect(await cluster.update(widgets, { ...made, spec: { ...spec, size: 2 } })).toMatchObject({
      spec: { ...spec, size: 2 },
    });
  });

  test.each([
    { what: 'an object that breaks its schema', code: 'KUBERNETES_INVALID', spec: { size: 'large' }, metadata: {} },
    { what: 'an invalid name', code: 'KUBERNETES_INVALID', spec: {}, metadata: { name: 'No Name' } },
  ])('$what fails with $code and the reason of the server', async ({ code, spec, metadata }) => {
    const object = {
      apiVersion: 'test.holdfast.dev/v1',
      kind: 'Widget',
      metadata: { name: 'wrong', namespace, ...metadata },
      spec,
    };
    await expect(cluster.apply(widgets, object)).rejects.toMatchObject({
      code,
      retryable: false,
      message: expect.stringMatching(/^PATCH \/apis\/test.holdfast.dev\/v1\/.*: (422 Invalid|500 ): .+/),
    });
  });

  test('a list of a kind that is not installed fails with not found', async () => {
    await expect(cluster.list({ ...widgets, plural: 'gadgets' })).rejects.toMatchObject({
      code: 'KUBERNETES_NOT_FOUND',
    });
  });

  test('a list of more than one page is complete', async () => {
    const names = Array.from({ length: 510 }, (_, index) => `page-${index}`);
    const spec = { leaseDurationSeconds: 1 };
    const make = (name: string) =>
      cluster.create(leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace, labels: { many: 'yes' } },
        spec,
      });
    for (let from = 0; from < names.length; from += 30) await Promise.all(names.slice(from, from + 30).map(make));
    const { items } = await cluster.list(leases, { labelSelector: 'many=yes' });
    expect(items.map((item) => item.metadata.name).toSorted()).toEqual(names.toSorted());
  }, 30_000);

  test('a watch that the server ends has a bookmark and no error', async () => {
    const short = connectLive({ watchSeconds: 6, random: () => 0 });
    const { resourceVersion } = await short.list(widgets);
    const seen: string[] = [];
    const signal = AbortSignal.timeout(20_000);
    for await (const event of short.watch(widgets, resourceVersion, {
      fieldSelector: 'metadata.name=other',
      signal,
      // A kind without a change since the start of the server gets no bookmarks.
      onOpen: () =>
        void cluster.create(widgets, {
          apiVersion: 'test.holdfast.dev/v1',
          kind: 'Widget',
          metadata: { name: 'change', namespace },
          spec: {},
        }),
    })) {
      seen.push(event.type);
    }
    expect(signal.aborted).toBe(false);
    expect([...new Set(seen)]).toEqual(['BOOKMARK']);
    await short.close();
  }, 25_000);

  test('a token review returns the pod of a token, and nothing for another audience or an invalid token', async () => {
    await cluster.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'reviewed', namespace },
    });
    const { metadata } = await cluster.create(pods, pod('bound'));
    const core = loadApiConfig().makeApiClient(CoreV1Api);
    const tokenFor = async (audience: string) => {
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'bound', uid: metadata.uid ?? '' };
      const body = { spec: { audiences: [audience], boundObjectRef } };
      return (
        (await core.createNamespacedServiceAccountToken({ name: 'reviewed', namespace, body })).status?.token ?? ''
      );
    };
    const username = `system:serviceaccount:${namespace}:reviewed`;
    expect(await cluster.review(await tokenFor('holdfast'))).toEqual({
      username,
      podName: 'bound',
      podUid: metadata.uid,
    });
    expect(await cluster.review(await tokenFor('another-client'))).toBeUndefined();
    expect(await cluster.review('nonsense')).toBeUndefined();
  });

  test('an event is created once, and its repeats are not', async () => {
    const logger = createMemoryLogger();
    const speaker = connectLive({ logger, reportingInstance: namespace });
    const regarding = { apiVersion: 'v1', kind: 'Pod', name: 'bound', namespace };
    const gatewayClass = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      name: 'holdfast',
      namespace: '',
    };
    const note = { regarding, type: 'Warning', reason: 'Tested', action: 'Test', note: 'It was tested.' } as const;
    for (let repeat = 0; repeat < 3; repeat += 1) speaker.emit(note);
    speaker.emit({ ...note, note: 'x'.repeat(3_000) });
    speaker.emit({ ...note, regarding: gatewayClass });
    await speaker.close();
    expect(logger.lines()).toEqual([]);
    const { items } = await cluster.list(events, { fieldSelector: 'reason=Tested' });
    const ours = items.filter((item) => item['reportingInstance'] === namespace);
    expect(ours.map((item) => item.metadata.namespace ?? '').toSorted()).toEqual(['default', namespace, namespace]);
    expect(ours.find((item) => item['note'] === note.note && item.metadata.namespace === namespace)).toMatchObject({
      ...note,
      reportingController: 'holdfast.dev/test',
    });
  });
});
