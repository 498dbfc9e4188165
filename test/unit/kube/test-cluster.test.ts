import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/platform/errors.ts';
import type { KubeObject, WatchEvent } from '../../../src/kube/ports.ts';
import { describeClusterContract } from '../../support/cluster-contract.ts';
import { widgets } from '../../support/widgets.ts';
import { createManualClock, settle } from '../../support/manual-clock.ts';
import { createTestCluster } from '../../support/cluster/test-cluster.ts';

const widget = (name: string, metadata: object = {}): KubeObject => ({
  apiVersion: 'test.holdfast.dev/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'here', ...metadata },
  spec: {},
});

describe('the test cluster, like any cluster,', () => {
  describeClusterContract(async () => {
    const cluster = createTestCluster(createManualClock());
    return {
      cluster,
      namespace: 'contract',
      async edit(resource, ref, change) {
        const object = cluster.find(resource, ref);
        if (object !== undefined) cluster.put(resource, change(object));
      },
      close: async () => {},
    };
  });
});

describe('the test cluster', () => {
  test('records writes through the ports in order, with whether they changed anything, and no direct writes', async () => {
    const cluster = createTestCluster(createManualClock());
    cluster.put(widgets, widget('theirs'));
    await cluster.apply(widgets, widget('ours'));
    await cluster.apply(widgets, widget('ours'));
    await cluster.apply(widgets, { ...widget('ours'), status: { ready: true } }, 'status');
    await cluster.delete(widgets, { namespace: 'here', name: 'theirs' });
    expect(cluster.writes().map((write) => [write.verb, write.ref.name, write.subresource, write.changed])).toEqual([
      ['apply', 'ours', undefined, true],
      ['apply', 'ours', undefined, false],
      ['apply', 'ours', 'status', true],
      ['delete', 'theirs', undefined, true],
    ]);
    cluster.forgetWrites();
    expect(cluster.writes()).toEqual([]);
  });

  test('fails the requested calls, as often as requested, and does not record them', async () => {
    const cluster = createTestCluster(createManualClock());
    const error = new AppError('KUBERNETES_UNAVAILABLE', 'down', { source: 'kubernetes', retryable: true });
    cluster.fail({ verb: 'apply', kind: 'Gadget', error });
    cluster.fail({ verb: 'apply', kind: 'Widget', error, times: 2 });
    await expect(cluster.apply(widgets, widget('a'))).rejects.toBe(error);
    await expect(cluster.apply(widgets, widget('a'))).rejects.toBe(error);
    await cluster.apply(widgets, widget('a'));
    expect(cluster.writes()).toHaveLength(1);
  });

  test('does not change when a caller changes a returned object', async () => {
    const cluster = createTestCluster(createManualClock());
    const made = await cluster.apply(widgets, widget('a'));
    made['spec'] = { size: 1 };
    expect(cluster.find(widgets, { namespace: 'here', name: 'a' })?.['spec']).toEqual({});
  });

  test('collects objects that have lost their last owner', async () => {
    const cluster = createTestCluster(createManualClock());
    const owner = cluster.put(widgets, widget('owner'));
    const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name: 'owner', uid: owner.metadata.uid };
    cluster.put(widgets, widget('owned', { ownerReferences: [reference] }));
    cluster.put(widgets, widget('free'));
    cluster.collectGarbage();
    expect(cluster.all(widgets)).toHaveLength(3);
    cluster.remove(widgets, owner.metadata);
    cluster.collectGarbage();
    expect(cluster.all(widgets).map((object) => object.metadata.name)).toEqual(['free']);
  });

  test('sends bookmarks on watches, breaks them, and expires those whose changes are compacted', async () => {
    const cluster = createTestCluster(createManualClock());
    const { resourceVersion } = await cluster.list(widgets);
    const events: WatchEvent[] = [];
    const watching = (async () => {
      for await (const event of cluster.watch(widgets, resourceVersion, { signal: new AbortController().signal })) {
        events.push(event);
      }
    })();
    await settle();
    expect(cluster.openWatches()).toBe(1);
    cluster.bookmark();
    const cut = new AppError('KUBERNETES_UNAVAILABLE', 'cut', { source: 'kubernetes', retryable: true });
    cluster.endWatches(cut);
    await expect(watching).rejects.toBe(cut);
    expect(events).toEqual([{ type: 'BOOKMARK', resourceVersion }]);
    expect(cluster.openWatches()).toBe(0);
    cluster.put(widgets, widget('missed'));
    cluster.compact();
    const late = cluster.watch(widgets, resourceVersion, { signal: new AbortController().signal });
    await expect(late[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'KUBERNETES_EXPIRED' });
  });

  test('records repeated events once', () => {
    const cluster = createTestCluster(createManualClock());
    const event = {
      regarding: { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'b' },
      type: 'Normal',
      reason: 'R',
      action: 'A',
      note: 'n',
    } as const;
    cluster.emit(event);
    cluster.emit(event);
    cluster.emit({ ...event, note: 'm' });
    expect(cluster.events()).toHaveLength(2);
  });

  test('identifies only tokens that were added', async () => {
    const cluster = createTestCluster(createManualClock());
    cluster.addToken('good', { username: 'system:serviceaccount:a:b' });
    expect(await cluster.review('good')).toEqual({ username: 'system:serviceaccount:a:b' });
    expect(await cluster.review('bad')).toBeUndefined();
  });
});
