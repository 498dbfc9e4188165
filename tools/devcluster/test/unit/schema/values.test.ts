import { describe, expect, test } from '@jest/globals';
import { invalidObject, required } from '../../../schema/field-error.ts';
import { notChecked, preparedSpec, verdict, widget } from './prepared.ts';

const widgets = preparedSpec({
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-zé]+$' },
    even: { type: 'integer', minimum: 0, maximum: 10 },
    open: { type: 'number' },
    color: { type: 'string', enum: ['red', 'blue'] },
    level: { type: 'integer', enum: [1, 2] },
    on: { type: 'boolean' },
    port: { 'x-kubernetes-int-or-string': true },
    list: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id', 'side'],
      items: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, side: { type: 'string', default: 'left' } },
      },
    },
    counts: { type: 'object', additionalProperties: { type: 'integer' } },
    note: { type: 'string', nullable: true },
    template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    when: { type: 'string', format: 'date-time' },
  },
});

// The messages are those of a Kubernetes 1.35 API server.
describe('values', () => {
  const blocked = (message: string): string => `[${message}, ${notChecked}]`;
  test.each<[sentence: string, spec: object, verdict: string]>([
    ['a valid object is accepted', {}, 'ok'],
    [
      'a string that is too short is refused',
      { name: 'a' },
      'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long',
    ],
    [
      'a string that is too long is refused',
      { name: 'abcde' },
      blocked('spec.name: Too long: may not be more than 4 bytes'),
    ],
    ['the length of a string is counted in characters', { name: 'éééé' }, 'ok'],
    [
      'a string that does not match its pattern is refused',
      { name: 'A1' },
      `spec.name: Invalid value: "A1": spec.name in body should match '^[a-zé]+$'`,
    ],
    [
      'a number is not a string',
      { name: 5 },
      blocked('spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"'),
    ],
    ['null that is not allowed counts as missing', { name: null }, blocked('spec.name: Required value')],
    [
      'a number above the maximum is refused',
      { even: 12 },
      'spec.even: Invalid value: 12: spec.even in body should be less than or equal to 10',
    ],
    ['an integer is a number too', { open: 3 }, 'ok'],
    [
      'a value outside of an enum is refused',
      { color: 'green' },
      blocked('spec.color: Unsupported value: "green": supported values: "red", "blue"'),
    ],
    [
      'a number outside of an enum is refused',
      { level: 3 },
      blocked('spec.level: Unsupported value: 3: supported values: "1", "2"'),
    ],
    [
      'a string is not a boolean',
      { on: 'true' },
      blocked('spec.on: Invalid value: "string": spec.on in body must be of type boolean: "string"'),
    ],
    ['int-or-string accepts a percentage', { port: '50%' }, 'ok'],
    [
      'int-or-string does not accept a fraction',
      { port: 1.5 },
      blocked('spec.port: Invalid value: "number": spec.port in body must be of type integer,string: "number"'),
    ],
    [
      'a list that is too short is refused',
      { list: [] },
      'spec.list: Invalid value: 0: spec.list in body should have at least 1 items',
    ],
    [
      'a list that is too long is refused',
      { list: ['a', 'b', 'c'] },
      blocked('spec.list: Too many: 3: must have at most 2 items'),
    ],
    [
      'an item of the wrong type is refused',
      { list: [1] },
      blocked('spec.list[0]: Invalid value: "integer": spec.list[0] in body must be of type string: "integer"'),
    ],
    ['a set contains each value once', { set: ['a', 'a'] }, 'spec.set[1]: Duplicate value: "a"'],
    [
      'a list of type map contains each key once, including defaults',
      { parts: [{ id: 'a' }, { id: 'a', side: 'left' }] },
      'spec.parts[1]: Duplicate value: {"id":"a","side":"left"}',
    ],
    ['an element without a key is refused', { parts: [{}] }, blocked('spec.parts[0].id: Required value')],
    [
      'a value of a map of the wrong type is refused',
      { counts: { a: 'x' } },
      blocked('spec.counts.a: Invalid value: "string": spec.counts.a in body must be of type integer: "string"'),
    ],
    ['null that is allowed is accepted', { note: null }, 'ok'],
    [
      'an embedded object needs an apiVersion and a kind',
      { template: { a: 1 } },
      blocked('spec.template.apiVersion: Required value, spec.template.kind: Required value'),
    ],
    [
      'a date that does not exist is refused',
      { when: '2026-02-30T00:00:00Z' },
      blocked(
        'spec.when: Invalid value: "2026-02-30T00:00:00Z": spec.when in body must be of type date-time: "2026-02-30T00:00:00Z"',
      ),
    ],
  ])('%s', (_sentence, spec, expected) => {
    expect(verdict(widgets, widget({ name: 'abc', ...spec }))).toBe(expected);
  });

  test.each(['2026-02-03T00:00:00Z', '2026-02-03T00:00:00.5+01:00'])('%s is a date-time', (when) => {
    expect(verdict(widgets, widget({ name: 'abc', when }))).toBe('ok');
  });

  test.each(['2026-02-03 00:00:00Z', '2026-02-03', 'x'])('%s is not a date-time', (when) => {
    expect(verdict(widgets, widget({ name: 'abc', when }))).toContain('must be of type date-time');
  });

  test('an unchanged value is not validated again, so that a schema can become stricter', () => {
    const old = widget({ name: 'ABC', parts: [{ id: 'a', side: 'left' }], even: 2 });
    expect(verdict(widgets, widget({ name: 'ABC', even: 4 }), old)).toBe('ok');
    expect(verdict(widgets, widget({ name: 'ABCD', even: 4 }), old)).toContain('should match');
  });

  test('a response has its errors as causes, and its message contains each once', () => {
    const error = invalidObject('Widget.shop.example', 'x', [
      required('spec.a'),
      required('spec.a'),
      required('spec.b', 'is needed'),
    ]);
    expect([error.code, error.message]).toEqual([
      422,
      'Widget.shop.example "x" is invalid: [spec.a: Required value, spec.b: Required value: is needed]',
    ]);
    expect(error.details).toMatchObject({
      name: 'x',
      group: 'shop.example',
      kind: 'Widget',
      causes: [{ reason: 'FieldValueRequired', field: 'spec.a', message: 'Required value' }, {}, {}],
    });
  });
});
