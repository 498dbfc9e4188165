import { describe, expect, test } from '@jest/globals';
import { builtInTopology } from '../../../patch/built-in-topology.ts';
import { applyStrategicPatch } from '../../../patch/strategic-patch.ts';

const pods = builtInTopology('', 'Pod');
const names = (list: unknown): unknown[] =>
  Array.isArray(list) ? list.map((item: Record<string, unknown>) => item['name'] ?? item) : [];

const pod = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels: { app: 'a' }, finalizers: ['x/a', 'x/b'] },
  spec: {
    containers: [
      {
        name: 'a',
        image: 'a:1',
        env: [
          { name: 'X', value: '1' },
          { name: 'Y', value: '2' },
        ],
        args: ['1'],
        ports: [{ containerPort: 80, protocol: 'TCP' }],
      },
      { name: 'b', image: 'b:1' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    tolerations: [{ key: 'k' }],
    nodeSelector: { zone: '1' },
  },
});

const patched = (spec: object, metadata: object = {}) =>
  applyStrategicPatch(pod(), { spec, metadata }, pods) as ReturnType<typeof pod>;

describe('strategic merge patch', () => {
  test('merges keyed lists by key, inside of each other, and replaces the others', () => {
    const { spec } = patched({
      containers: [{ name: 'a', image: 'a:2', args: ['2'], env: [{ name: 'X', value: '9' }] }],
      tolerations: [{ key: 'q' }],
    });
    expect(spec.containers).toEqual([
      {
        name: 'a',
        image: 'a:2',
        args: ['2'],
        env: [
          { name: 'X', value: '9' },
          { name: 'Y', value: '2' },
        ],
        ports: [{ containerPort: 80, protocol: 'TCP' }],
      },
      { name: 'b', image: 'b:1' },
    ]);
    expect(spec.tolerations).toEqual([{ key: 'q' }]);
  });

  test.each<[sentence: string, patch: object, order: string[]]>([
    ['what only the patch has goes first', { containers: [{ name: 'c', image: 'c:1' }] }, ['c', 'a', 'b']],
    [
      'the order that is asked for counts',
      {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }, { name: 'a' }],
        containers: [{ name: 'c', image: 'c:1' }],
      },
      ['b', 'c', 'a'],
    ],
    [
      'also without a change of the list',
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      ['b', 'a'],
    ],
    [
      'what the order does not name stays behind what it stood behind',
      { '$setElementOrder/containers': [{ name: 'b' }] },
      ['a', 'b'],
    ],
    ['an element goes', { containers: [{ name: 'a', $patch: 'delete' }] }, ['b']],
    ['a list is replaced', { containers: [{ name: 'z', image: 'z:1' }, { $patch: 'replace' }] }, ['z']],
  ])('elements: %s', (_sentence, patch, order) => {
    expect(names(patched(patch).spec.containers)).toEqual(order);
  });

  test('takes fields away by null, and maps by directive', () => {
    expect(patched({ tolerations: null }).spec).not.toHaveProperty('tolerations');
    expect(patched({ nodeSelector: { disk: '1' } }).spec.nodeSelector).toEqual({ zone: '1', disk: '1' });
    expect(patched({ nodeSelector: { $patch: 'replace', disk: '1' } }).spec.nodeSelector).toEqual({ disk: '1' });
    expect(patched({ nodeSelector: { $patch: 'delete' } }).spec.nodeSelector).toEqual({});
  });

  test('keeps of a volume only what it is to be', () => {
    const volumes = [{ name: 'v', hostPath: { path: '/x' }, $retainKeys: ['name', 'hostPath'] }];
    expect(patched({ volumes }).spec.volumes).toEqual([{ name: 'v', hostPath: { path: '/x' } }]);
  });

  test('adds to lists of plain values, and takes from them', () => {
    expect(patched({}, { finalizers: ['x/c'] }).metadata.finalizers).toEqual(['x/c', 'x/a', 'x/b']);
    expect(patched({}, { '$deleteFromPrimitiveList/finalizers': ['x/a'] }).metadata.finalizers).toEqual(['x/b']);
  });

  test.each<[sentence: string, spec: object, message: string]>([
    [
      'an element without its key',
      { containers: [{ image: 'q' }] },
      'map: map[image:q] does not contain declared merge key: name',
    ],
    [
      'a directive that is none',
      { containers: [{ name: 'a', $patch: 'bogus' }] },
      'unknown patch type: bogus in map: map[$patch:bogus name:a]',
    ],
  ])('is refused for %s', (_sentence, spec, message) => {
    expect(() => patched(spec)).toThrow(expect.objectContaining({ reason: 'InternalError', message }));
  });
});
