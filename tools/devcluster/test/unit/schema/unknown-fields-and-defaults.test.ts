import { describe, expect, test } from '@jest/globals';
import { admit, preparedSpec, widget } from './prepared.ts';

const widgets = preparedSpec({
  type: 'object',
  properties: {
    size: { type: 'integer', default: 7 },
    inner: { type: 'object', properties: { a: { type: 'string', default: 'z' }, b: { type: 'string' } } },
    whole: { type: 'object', default: {}, properties: { c: { type: 'string', default: 'y' } } },
    note: { type: 'string', nullable: true, default: 'none' },
    list: {
      type: 'array',
      items: { type: 'object', properties: { k: { type: 'string' }, d: { type: 'integer', default: 1 } } },
    },
    labels: { type: 'object', additionalProperties: { type: 'object', properties: { v: { type: 'string' } } } },
    free: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { known: { type: 'object', properties: { a: { type: 'string' } } } },
    },
    template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
  },
});

describe('unknown fields', () => {
  const object = {
    ...widget({
      foo: 1,
      inner: { a: 'b', zz: 1 },
      list: [{ k: 'a', foo: 1 }],
      labels: { any: { v: '1', w: '2' } },
      free: { x: 1, known: { y: 1 } },
    }),
    bogus: 1,
    metadata: { name: 'x', foo: 1 },
  };

  test('unknown fields are pruned, except where the schema preserves them', () => {
    expect(widgets.prune(object)).toEqual(
      widget({ inner: { a: 'b' }, list: [{ k: 'a' }], labels: { any: { v: '1' } }, free: { x: 1, known: {} } }),
    );
  });

  test('unknown fields are listed, those of the metadata first', () => {
    expect(widgets.unknownFields(object)).toEqual([
      'metadata.foo',
      'bogus',
      'spec.foo',
      'spec.free.known.y',
      'spec.inner.zz',
      'spec.labels.any.w',
      'spec.list[0].foo',
    ]);
  });

  test('an embedded object keeps its apiVersion, kind and metadata', () => {
    const template = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', foo: 1 }, spec: { x: 1 }, status: {} };
    expect(widgets.prune(widget({ template }))).toEqual(
      widget({ template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} } }),
    );
  });

  test('the source object is not changed', () => {
    const before = structuredClone(object);
    const frozen = Object.freeze(object);
    widgets.applyDefaults(widgets.prune(frozen));
    expect(frozen).toEqual(before);
  });
});

describe('defaults', () => {
  const complete = { size: 7, whole: { c: 'y' }, note: 'none' };
  test.each<[sentence: string, spec: object, expected: object]>([
    ['defaults fill missing fields, and the fields of default objects', {}, complete],
    [
      'defaults leave existing values',
      { size: 0, note: 'x', whole: { c: '' } },
      { size: 0, note: 'x', whole: { c: '' } },
    ],
    [
      'defaults do not create an object without a default',
      { list: [{ k: 'a' }] },
      { ...complete, list: [{ k: 'a', d: 1 }] },
    ],
    ['defaults fill existing objects', { inner: { b: '1' } }, { ...complete, inner: { a: 'z', b: '1' } }],
    ['defaults replace a null that is not allowed', { size: null, inner: null }, complete],
    ['defaults leave a null that is allowed', { note: null }, { ...complete, note: null }],
  ])('%s', (_sentence, spec, expected) => {
    expect(admit(widgets, widget(spec))).toEqual(widget(expected));
  });
});
