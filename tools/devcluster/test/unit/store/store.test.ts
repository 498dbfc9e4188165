import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../../src/kube/ports.ts';
import { createStore, type Store } from '../../../store/store.ts';

const shelf = '/configmaps';
const object = (name: string, data: Record<string, string> = {}, namespace = 'default'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

function added(store: Store, name: string, data?: Record<string, string>): KubeObject {
  const stored = store.add(shelf, object(name, data));
  if (stored === undefined) throw new Error(`${name} exists`);
  return stored;
}

describe('the store', () => {
  test('every write has a unique version, across kinds', () => {
    const store = createStore();
    const first = added(store, 'a');
    const second = store.add('/secrets', object('a'));
    expect(Number(second?.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1);
    expect(store.revision()).toBe(Number(second?.metadata.resourceVersion));
  });

  test('a second object of the same name is not added', () => {
    const store = createStore();
    added(store, 'a');
    expect(store.add(shelf, object('a'))).toBeUndefined();
    expect(store.add(shelf, object('a', {}, 'other'))).toBeDefined();
  });

  test('a write based on an older version is refused', () => {
    const store = createStore();
    const read = added(store, 'a');
    const next = store.replace(shelf, read, object('a', { by: 'me' }));
    expect(next).toMatchObject({ data: { by: 'me' } });
    expect(store.replace(shelf, read, object('a', { by: 'late' }))).toBeUndefined();
    expect(store.remove(shelf, read, read)).toBeUndefined();
    expect(store.get(shelf, { namespace: 'default', name: 'a' })).toBe(next);
  });

  test('returned objects are frozen', () => {
    const stored = added(createStore(), 'a', { key: 'value' });
    expect(() => Object.assign(stored['data'] as object, { key: 'other' })).toThrow(TypeError);
  });

  test('a list is sorted by namespace and name', () => {
    const store = createStore();
    for (const [name, namespace] of [
      ['b', 'x'],
      ['a', 'x'],
      ['z', 'default'],
    ] as const) {
      store.add(shelf, object(name, {}, namespace));
    }
    expect(store.list(shelf).map(({ metadata }) => metadata.name)).toEqual(['z', 'a', 'b']);
    expect(store.list(shelf, 'x').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });

  test('subscribers receive each change with the previous object, until they unsubscribe', () => {
    const store = createStore();
    const seen: string[] = [];
    const leave = store.subscribe(shelf, ({ type, object: now, old }) =>
      seen.push(`${type} ${now.metadata.resourceVersion} after ${old?.metadata.resourceVersion ?? 'nothing'}`),
    );
    const first = added(store, 'a');
    const second = store.replace(shelf, first, object('a', { x: '1' })) ?? first;
    store.remove(shelf, second, second);
    leave();
    added(store, 'b');
    const start = Number(first.metadata.resourceVersion);
    expect(seen).toEqual([
      `ADDED ${start} after nothing`,
      `MODIFIED ${start + 1} after ${start}`,
      `DELETED ${start + 2} after ${start + 1}`,
    ]);
  });

  test('changes beyond the history limit are forgotten', () => {
    const store = createStore(2);
    const revisions = ['a', 'b', 'c'].map((name) => Number(added(store, name).metadata.resourceVersion));
    const [first = 0, second = 0] = revisions;
    expect(store.changesSince(shelf, first)?.map((change) => change.object.metadata.name)).toEqual(['b', 'c']);
    expect(store.changesSince(shelf, second)?.map((change) => change.object.metadata.name)).toEqual(['c']);
    expect(store.changesSince(shelf, first - 1)).toBeUndefined();
  });
});
