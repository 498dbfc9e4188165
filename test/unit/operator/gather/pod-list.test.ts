/** What a change costs: the objects that depend on it, not the pods of the cluster. */
import { beforeEach, expect, test } from '@jest/globals';
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { createObjectStore, type ObjectStore } from '../../../../src/kube/watch/store.ts';
import type { Caches } from '../../../../src/operator/gather/caches.ts';
import { createPodList, type PodList } from '../../../../src/operator/gather/pod-list.ts';
import { projectPod } from '../../../../src/operator/gather/pods.ts';
import type { CacheName } from '../../../../src/operator/gather/watched.ts';
import { pod, replicaSet, stickyWorkload } from '../../../support/operator-objects.ts';

let stores: Map<CacheName, ObjectStore>;
let pods: PodList;
/** Pods that were looked at since the last `look`. */
let looks: number;

const storeOf = (name: CacheName): ObjectStore => {
  const store = stores.get(name);
  if (!store) throw new Error(name);
  return store;
};

beforeEach(() => {
  stores = new Map(
    (['pods', 'replicaSets', 'workloads'] as const).map((name) => [name, createObjectStore((error) => void error)]),
  );
  looks = 0;
  const caches = {
    get: (name: CacheName, ref: ObjectRef) => {
      if (name === 'pods') looks += 1;
      return storeOf(name).get(ref);
    },
    list: (name: CacheName) => {
      const all = storeOf(name).list();
      looks += all.length;
      return all;
    },
    onChange: (listener: Parameters<Caches['onChange']>[0]) => {
      for (const [name, store] of stores) store.onChange((change) => listener(name, change));
      return () => false;
    },
  };
  pods = createPodList(caches as Pick<Caches, 'get' | 'list' | 'onChange'>);
  for (let index = 0; index < 100; index += 1) put('pods', podOf(`web-${index}`, 'web-1'));
  put('replicaSets', replicaSet('web-1', 'web'));
  put('pods', podOf('cart-a', 'cart-1', 'cart'));
  look();
});

let version = 0;
const put = (name: CacheName, object: KubeObject): void => {
  version += 1;
  storeOf(name).put({ ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } });
};
const podOf = (name: string, of: string, workload?: string): KubeObject =>
  projectPod(pod({ name, of, app: 'app', ...(workload !== undefined && { workload }) }));

function look(): { controllers: Record<string, string | undefined>; looks: number } {
  looks = 0;
  const controllers = Object.fromEntries(pods.items().map(({ name, controller }) => [name, controller?.name]));
  return { controllers, looks };
}

test('a new ReplicaSet costs its own pods, and gives them the end of their chain', () => {
  expect(look().controllers).toMatchObject({ 'web-7': 'web' });
  expect(look().controllers['cart-a']).toBeUndefined();
  put('replicaSets', replicaSet('cart-1', 'cart'));
  expect(look()).toMatchObject({ controllers: { 'cart-a': 'cart' }, looks: 1 });
});

test('what no pod refers to costs nothing, and the list stays the same', () => {
  const before = pods.items();
  looks = 0;
  put('replicaSets', replicaSet('other-1', 'other'));
  put('workloads', stickyWorkload({ name: 'other' }));
  expect(pods.items()).toBe(before);
  expect(looks).toBe(0);
});

test('a StickyWorkload names the target of pods whose chain is broken', () => {
  put('workloads', stickyWorkload({ name: 'cart' }));
  expect(look()).toMatchObject({ controllers: { 'cart-a': 'cart' }, looks: 1 });
  storeOf('workloads').remove(stickyWorkload({ name: 'cart' }));
  expect(look().controllers['cart-a']).toBeUndefined();
});

test('a pod that is adopted by another ReplicaSet follows that one only', () => {
  put('pods', podOf('cart-a', 'web-1', 'cart'));
  expect(look().controllers['cart-a']).toBe('web');
  put('replicaSets', replicaSet('cart-1', 'cart'));
  expect(look()).toMatchObject({ controllers: { 'cart-a': 'web' }, looks: 0 });
});
