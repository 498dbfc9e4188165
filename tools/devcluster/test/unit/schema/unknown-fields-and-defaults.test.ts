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

  test('are dropped, except where they are to be kept', () => {
    expect(widgets.prune(object)).toEqual(
      widget({ inner: { a: 'b' }, list: [{ k: 'a' }], labels: { any: { v: '1' } }, free: { x: 1, known: {} } }),
    );
  });

  test('are named for those who want to know, those of the metadata first', () => {
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

  test('an object inside of an object keeps what makes it one', () => {
    const template = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', foo: 1 }, spec: { x: 1 }, status: {} };
    expect(widgets.prune(widget({ template }))).toEqual(
      widget({ template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} } }),
    );
  });

  test('nothing that comes in is changed', () => {
    const before = structuredClone(object);
    const frozen = Object.freeze(object);
    widgets.applyDefaults(widgets.prune(frozen));
    expect(frozen).toEqual(before);
  });
});

describe('defaults', () => {
  const complete = { size: 7, whole: { c: 'y' }, note: 'none' };
  test.each<[sentence: string, spec: object, expected: object]>([
    ['fill what is missing, and defaults of defaults', {}, complete],
    ['leave what is there', { size: 0, note: 'x', whole: { c: '' } }, { size: 0, note: 'x', whole: { c: '' } }],
    ['do not make an object that has none', { list: [{ k: 'a' }] }, { ...complete, list: [{ k: 'a', d: 1 }] }],
    ['fill objects that are there', { inner: { b: '1' } }, { ...complete, inner: { a: 'z', b: '1' } }],
    ['stand in for a null that is not allowed', { size: null, inner: null }, complete],
    ['leave a null that is allowed', { note: null }, { ...complete, note: null }],
  ])('%s', (_sentence, spec, expected) => {
    expect(admit(widgets, widget(spec))).toEqual(widget(expected));
  });
});
