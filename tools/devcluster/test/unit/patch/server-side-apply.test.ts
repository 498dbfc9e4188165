import { describe, expect, test } from '@jest/globals';
import { deployment } from '../../../apiserver/schemas/workloads.ts';
import { serverSideApply } from '../../../patch/server-side-apply.ts';
import { schemaTopology } from '../../../patch/topology.ts';
import { entriesOf, ownersOf, stored, topology, widget, type Write, writeAll } from './owned.ts';

const specAfter = (...writes: Write[]): unknown => writeAll(writes).live?.['spec'];

describe('the result of an apply', () => {
  test.each<[sentence: string, writes: Write[], spec: object]>([
    [
      'merges with the fields of other managers',
      [
        { by: 'A', spec: { size: 1, words: { a: '1' } } },
        { by: 'B', spec: { color: 'red', words: { b: '2' } } },
      ],
      { size: 1, color: 'red', words: { a: '1', b: '2' } },
    ],
    [
      'loses a field that its manager no longer applies',
      [
        { by: 'A', spec: { size: 1, color: 'red', words: { a: '1', b: '2' } } },
        { by: 'A', spec: { size: 1, words: { b: '2' } } },
      ],
      { size: 1, words: { b: '2' } },
    ],
    [
      'keeps a field that another manager applies, too',
      [
        { by: 'A', spec: { size: 1 } },
        { by: 'B', spec: { size: 1 } },
        { by: 'A', spec: { color: 'red' } },
      ],
      { size: 1, color: 'red' },
    ],
    [
      'keeps a field that an update has set',
      [
        { by: 'U', how: 'update', spec: { size: 1 } },
        { by: 'A', spec: { color: 'red' } },
        { by: 'A', spec: {} },
      ],
      { size: 1 },
    ],
    [
      'loses a structure without fields',
      [
        { by: 'A', spec: { size: 1, box: { x: '1' } } },
        { by: 'A', spec: { size: 1 } },
      ],
      { size: 1 },
    ],
    [
      'keeps a structure with a field of another manager',
      [
        { by: 'A', spec: { box: { x: '1' } } },
        { by: 'B', spec: { box: { y: '2' } } },
        { by: 'A', spec: { size: 1 } },
      ],
      { size: 1, box: { y: '2' } },
    ],
    [
      'adds to sets, and takes its own out again',
      [
        { by: 'A', spec: { tags: ['a', 'b'] } },
        { by: 'B', spec: { tags: ['c'] } },
        { by: 'A', spec: { tags: ['b'] } },
      ],
      { tags: ['b', 'c'] },
    ],
    [
      'replaces atomic lists',
      [
        { by: 'A', spec: { steps: ['a', 'b'] } },
        { by: 'A', spec: { steps: ['c'] } },
      ],
      { steps: ['c'] },
    ],
    [
      'replaces atomic maps',
      [
        { by: 'A', spec: { selector: { a: '1' } } },
        { by: 'A', spec: { selector: { b: '1' } } },
      ],
      { selector: { b: '1' } },
    ],
    [
      'merges elements by their keys, defaults included',
      [
        { by: 'A', spec: { parts: [{ id: '1', value: 'x' }] } },
        {
          by: 'B',
          spec: {
            parts: [
              { id: '1', side: 'left' },
              { id: '1', side: 'right', value: 'y' },
            ],
          },
        },
      ],
      {
        parts: [
          { id: '1', value: 'x', side: 'left' },
          { id: '1', side: 'right', value: 'y' },
        ],
      },
    ],
    [
      'takes elements away that it stops applying',
      [
        { by: 'A', spec: { parts: [{ id: '1' }, { id: '2' }] } },
        { by: 'A', spec: { parts: [{ id: '2' }] } },
      ],
      { parts: [{ id: '2' }] },
    ],
    [
      'leaves no empty map behind that an update had made',
      [
        { by: 'U', how: 'update', spec: { size: 1, words: { a: '1' } } },
        { by: 'A', spec: { words: { a: '2' } }, force: true },
        { by: 'A', spec: {} },
      ],
      { size: 1 },
    ],
    [
      'brings its order',
      [
        { by: 'A', spec: { tags: ['a', 'm', 'b'] } },
        { by: 'B', spec: { tags: ['b', 'x', 'a'] } },
      ],
      { tags: ['m', 'b', 'x', 'a'] },
    ],
    [
      'keeps the name and the namespace, whatever goes',
      [
        { by: 'A', spec: {}, metadata: { labels: { a: '1' } } },
        { by: 'A', spec: { size: 1 } },
      ],
      { size: 1 },
    ],
  ])('%s', (_sentence, writes, spec) => {
    const { live } = writeAll(writes);
    expect(live).toMatchObject({ spec, metadata: { name: 'w', namespace: 'n' } });
    expect(live?.['spec']).toEqual(spec);
  });
});

test('an unowned field stays in an element that another manager applies', () => {
  const { live } = writeAll([
    { by: 'A', spec: { parts: [{ id: '1' }] } },
    { by: 'B', spec: { parts: [{ id: '1' }] } },
  ]);
  const defaulted = stored(widget({ parts: [{ id: '1', side: 'left', value: 'default' }] }), entriesOf(live));
  const result = serverSideApply({
    live: defaulted,
    applied: widget({}),
    manager: 'A',
    force: false,
    topology,
    nowIso: '2026-01-01T00:00:09Z',
  });
  expect(result).toMatchObject({
    outcome: 'applied',
    object: { spec: { parts: [{ id: '1', side: 'left', value: 'default' }] } },
  });
});

describe('ownership', () => {
  test('an apply owns all applied fields, key by key', () => {
    const { live } = writeAll([
      {
        by: 'A',
        spec: { size: 1, words: { a: '1' }, selector: { z: '1' }, tags: ['t'], parts: [{ id: '1' }], box: {} },
      },
    ]);
    expect(entriesOf(live)).toEqual([
      {
        manager: 'A',
        operation: 'Apply',
        apiVersion: 'shop.example/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:box': {},
            'f:parts': { 'k:{"id":"1","side":"left"}': { '.': {}, 'f:id': {} } },
            'f:selector': {},
            'f:size': {},
            'f:tags': { 'v:"t"': {} },
            'f:words': { 'f:a': {} },
          },
        },
      },
    ]);
  });

  test('managers that apply the same value share the field', () => {
    expect(
      ownersOf(
        writeAll([
          { by: 'A', spec: { size: 1 } },
          { by: 'B', spec: { size: 1 } },
        ]).live,
      ),
    ).toEqual({ 'A Apply': { 'f:size': {} }, 'B Apply': { 'f:size': {} } });
  });

  test('a forced apply takes fields, and a manager without fields has no entry', () => {
    expect(
      ownersOf(
        writeAll([
          { by: 'A', spec: { size: 1 } },
          { by: 'B', spec: { size: 2 }, force: true },
        ]).live,
      ),
    ).toEqual({ 'B Apply': { 'f:size': {} } });
  });

  test('an entry keeps its time while its fields do not change', () => {
    const { live } = writeAll([
      { by: 'A', spec: { size: 1 } },
      { by: 'B', spec: { color: 'red' } },
      { by: 'A', spec: { size: 2 } },
    ]);
    expect(entriesOf(live).map(({ manager, time }) => [manager, time])).toEqual([
      ['A', '2026-01-01T00:00:00Z'],
      ['B', '2026-01-01T00:00:01Z'],
    ]);
  });

  test('a repeated apply changes nothing', () => {
    const write: Write = {
      by: 'A',
      spec: { size: 1, tags: ['a'], parts: [{ id: '1' }] },
      metadata: { labels: { l: '1' } },
    };
    expect(writeAll([write, write]).live).toEqual(writeAll([write]).live);
  });
});

describe('a conflict', () => {
  const message = (...writes: Write[]): string => {
    const { last } = writeAll(writes);
    return last?.outcome === 'applied' || last === undefined ? 'none' : last.message;
  };

  test('a conflict names the manager of the field', () => {
    expect(message({ by: 'A', spec: { size: 1 } }, { by: 'B', spec: { size: 2 } })).toBe(
      'Apply failed with 1 conflict: conflict with "A": .spec.size',
    );
  });

  test('a conflict with an update names its subresource', () => {
    expect(
      message({ by: 'U', how: 'update', subresource: 'scale', spec: { size: 1 } }, { by: 'B', spec: { size: 2 } }),
    ).toBe(
      'Apply failed with 1 conflict: conflict with "U" with subresource "scale" using shop.example/v1: .spec.size',
    );
  });

  test('several conflicts are listed by manager, structures before their contents', () => {
    const parts = (value: string) => [{ id: '1', value }];
    expect(
      message(
        { by: 'B', spec: { size: 1, parts: parts('1') } },
        { by: 'A', spec: { color: 'red', words: { a: '1' } } },
        { by: 'C', spec: { size: 2, color: 'blue', words: { a: '2' }, parts: parts('2') } },
      ),
    ).toBe(
      [
        'Apply failed with 4 conflicts: conflicts with "A":',
        '- .spec.color',
        '- .spec.words.a',
        'conflicts with "B":',
        '- .spec.size',
        '- .spec.parts[id="1",side="left"].value',
      ].join('\n'),
    );
  });

  test('the same value, or a field without a manager, is no conflict', () => {
    expect(message({ by: 'A', spec: { size: 1 } }, { by: 'B', spec: { size: 1, color: 'red' } })).toBe('none');
  });

  test('a conflict changes nothing', () => {
    expect(specAfter({ by: 'A', spec: { size: 1 } }, { by: 'B', spec: { size: 2 } })).toEqual({ size: 1 });
  });
});

describe('an object cannot be applied', () => {
  test.each<[sentence: string, spec: object, problem: string]>([
    [
      'with the same key twice',
      { parts: [{ id: '1' }, { id: '1', side: 'left' }] },
      '.spec.parts: duplicate entries for key [id="1",side="left"]',
    ],
    ['with a duplicate in a set', { tags: ['a', 'a'] }, '.spec.tags: duplicate entries for key [="a"]'],
    [
      'without a key',
      { parts: [{ value: '1' }] },
      `.spec.parts: element 0: associative list with keys has an element that omits key field "id" (and doesn't have default value)`,
    ],
    ['with an undeclared field', { foo: 1 }, '.spec.foo: field not declared in schema'],
  ])('%s', (_sentence, spec, problem) => {
    expect(writeAll([{ by: 'A', spec }]).last).toEqual({
      outcome: 'invalid',
      message: `failed to create typed patch object (n/w; shop.example/v1, Kind=Widget): ${problem}`,
    });
  });
});

test('the topology of a built-in kind is its schema', () => {
  const applied = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'w', labels: { l: '1' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'w' } },
      template: {
        metadata: { labels: { app: 'w' } },
        spec: {
          containers: [{ name: 'a', image: 'i:1', ports: [{ containerPort: 80 }], env: [{ name: 'X', value: '1' }] }],
        },
      },
    },
  };
  const result = serverSideApply({
    live: undefined,
    applied,
    manager: 'A',
    force: false,
    topology: schemaTopology(deployment),
    nowIso: '2026-01-01T00:00:00Z',
  });
  // The result of a Kubernetes 1.35 API server.
  expect(result.outcome === 'applied' && result.managedFields[0]?.fieldsV1).toEqual({
    'f:metadata': { 'f:labels': { 'f:l': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:selector': {},
      'f:template': {
        'f:metadata': { 'f:labels': { 'f:app': {} } },
        'f:spec': {
          'f:containers': {
            'k:{"name":"a"}': {
              '.': {},
              'f:env': { 'k:{"name":"X"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
              'f:image': {},
              'f:name': {},
              'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            },
          },
        },
      },
    },
  });
});
