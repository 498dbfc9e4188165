import { describe, expect, test } from '@jest/globals';
import { invalidObject, required } from '../../../schema/field-error.ts';
import { notAsked, preparedSpec, verdict, widget } from './prepared.ts';

const widgets = preparedSpec({
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-zé]+$' },
    even: { type: 'integer', minimum: 0, maximum: 10, multipleOf: 2 },
    open: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: true },
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
    counts: { type: 'object', minProperties: 1, maxProperties: 2, additionalProperties: { type: 'integer' } },
    any: {
      type: 'object',
      anyOf: [{ required: ['x'] }, { required: ['y'] }],
      properties: { x: { type: 'string' }, y: { type: 'string' } },
    },
    one: {
      type: 'object',
      oneOf: [{ required: ['x'] }, { required: ['y'] }],
      properties: { x: { type: 'string' }, y: { type: 'string' } },
    },
    all: { type: 'integer', allOf: [{ minimum: 3 }, { maximum: 1 }] },
    never: { type: 'object', not: { required: ['x'] }, properties: { x: { type: 'string' } } },
    note: { type: 'string', nullable: true },
    template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    address: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
    when: { type: 'string', format: 'date-time' },
    day: { type: 'string', format: 'date' },
    wait: { type: 'string', format: 'duration' },
    network: { type: 'string', format: 'cidr' },
    host: { type: 'string', format: 'hostname' },
    id: { type: 'string', format: 'uuid' },
    bytes: { type: 'string', format: 'byte' },
  },
});

// The right column was read off a Kubernetes 1.35 API server.
describe('values', () => {
  const blocked = (message: string): string => `[${message}, ${notAsked}]`;
  test.each<[sentence: string, spec: object, verdict: string]>([
    ['a sound object is taken', {}, 'ok'],
    [
      'a text may be too short',
      { name: 'a' },
      'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long',
    ],
    ['a text may be too long', { name: 'abcde' }, blocked('spec.name: Too long: may not be more than 4 bytes')],
    ['the length of a text is in characters', { name: 'éééé' }, 'ok'],
    [
      'a text may miss its pattern',
      { name: 'A1' },
      `spec.name: Invalid value: "A1": spec.name in body should match '^[a-zé]+$'`,
    ],
    [
      'a number is no text',
      { name: 5 },
      blocked('spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"'),
    ],
    ['null where it is not allowed counts as missing', { name: null }, blocked('spec.name: Required value')],
    [
      'a number may break two rules',
      { even: -1 },
      '[spec.even: Invalid value: -1: spec.even in body should be a multiple of 2, spec.even: Invalid value: -1: spec.even in body should be greater than or equal to 0]',
    ],
    [
      'a number may be too large',
      { even: 12 },
      'spec.even: Invalid value: 12: spec.even in body should be less than or equal to 10',
    ],
    ['an exclusive minimum', { open: 0 }, 'spec.open: Invalid value: 0: spec.open in body should be greater than 0'],
    ['an exclusive maximum', { open: 5 }, 'spec.open: Invalid value: 5: spec.open in body should be less than 5'],
    ['an integer is a number too', { open: 3 }, 'ok'],
    [
      'a value outside of an enum',
      { color: 'green' },
      blocked('spec.color: Unsupported value: "green": supported values: "red", "blue"'),
    ],
    [
      'a number outside of an enum',
      { level: 3 },
      blocked('spec.level: Unsupported value: 3: supported values: "1", "2"'),
    ],
    [
      'a text is no boolean',
      { on: 'true' },
      blocked('spec.on: Invalid value: "string": spec.on in body must be of type boolean: "string"'),
    ],
    ['int-or-string takes a percentage', { port: '50%' }, 'ok'],
    [
      'int-or-string takes no fraction',
      { port: 1.5 },
      blocked('spec.port: Invalid value: "number": spec.port in body must be of type integer,string: "number"'),
    ],
    [
      'a list may be too short',
      { list: [] },
      'spec.list: Invalid value: 0: spec.list in body should have at least 1 items',
    ],
    ['a list may be too long', { list: ['a', 'b', 'c'] }, blocked('spec.list: Too many: 3: must have at most 2 items')],
    [
      'an item may have the wrong type',
      { list: [1] },
      blocked('spec.list[0]: Invalid value: "integer": spec.list[0] in body must be of type string: "integer"'),
    ],
    ['a set holds each value once', { set: ['a', 'a'] }, 'spec.set[1]: Duplicate value: "a"'],
    [
      'a list of type map holds each key once, defaults included',
      { parts: [{ id: 'a' }, { id: 'a', side: 'left' }] },
      'spec.parts[1]: Duplicate value: {"id":"a","side":"left"}',
    ],
    ['a key may be missing', { parts: [{}] }, blocked('spec.parts[0].id: Required value')],
    [
      'a map may be too small',
      { counts: {} },
      'spec.counts: Invalid value: 0: spec.counts in body should have at least 1 properties',
    ],
    [
      'a map may be too large',
      { counts: { a: 1, b: 2, c: 3 } },
      blocked('spec.counts: Too many: 3: must have at most 2 items'),
    ],
    [
      'a value of a map may be wrong',
      { counts: { a: 'x' } },
      blocked('spec.counts.a: Invalid value: "string": spec.counts.a in body must be of type integer: "string"'),
    ],
    [
      'none of several alternatives',
      { any: {} },
      blocked(
        '<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf), spec.any.x: Required value',
      ),
    ],
    [
      'two where one is wanted',
      { one: { x: '1', y: '2' } },
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    [
      'all of what cannot be together',
      { all: 2 },
      '[spec.all: Invalid value: 2: spec.all in body should be greater than or equal to 3, spec.all: Invalid value: 2: spec.all in body should be less than or equal to 1, ' +
        '<nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf). None validated]',
    ],
    [
      'what must not be',
      { never: { x: '1' } },
      '<nil>: Invalid value: "": "spec.never" must not validate the schema (not)',
    ],
    ['null where it is allowed', { note: null }, 'ok'],
    [
      'an object inside of an object says what it is',
      { template: { a: 1 } },
      blocked('spec.template.apiVersion: Required value, spec.template.kind: Required value'),
    ],
    ['a format in one of several alternatives', { address: '::1' }, 'ok'],
    [
      'a day that no calendar has',
      { when: '2026-02-30T00:00:00Z' },
      blocked(
        'spec.when: Invalid value: "2026-02-30T00:00:00Z": spec.when in body must be of type date-time: "2026-02-30T00:00:00Z"',
      ),
    ],
  ])('%s', (_sentence, spec, expected) => {
    expect(verdict(widgets, widget({ name: 'abc', ...spec }))).toBe(expected);
  });

  test.each<[format: string, good: string[], bad: string[]]>([
    ['when', ['2026-02-03T00:00:00Z', '2026-02-03T00:00:00.5+01:00'], ['2026-02-03 00:00:00Z', 'x']],
    ['day', ['2026-02-28'], ['2026-02-30', '26-1-1']],
    ['wait', ['5m', '1h30m', '5 days', '0'], ['5', 'x', '']],
    ['network', ['10.0.0.0/8', 'fd00::/64'], ['10.0.0.0', '10.0.0.0/33', 'x/8']],
    ['host', ['a', 'shop.example'], ['-', 'a.b', 'a_b']],
    ['id', ['6c9e8bc6-a15d-4eb6-b38a-758e965f1d45'], ['x']],
    ['bytes', ['YQ=='], ['YQ', '!']],
  ])('a field with a format: %s', (field, good, bad) => {
    for (const text of good) {
      expect([text, verdict(widgets, widget({ name: 'abc', [field]: text }))]).toEqual([text, 'ok']);
    }
    for (const text of bad) {
      expect([text, verdict(widgets, widget({ name: 'abc', [field]: text }))]).toEqual([
        text,
        expect.stringContaining('must be of type'),
      ]);
    }
  });

  test('what did not change is not looked at again, so that a schema may get stricter', () => {
    const old = widget({ name: 'ABC', parts: [{ id: 'a', side: 'left' }], even: 2 });
    expect(verdict(widgets, widget({ name: 'ABC', even: 4 }), old)).toBe('ok');
    expect(verdict(widgets, widget({ name: 'ABCD', even: 4 }), old)).toContain('should match');
  });

  test('an answer has its errors as causes, and tells each of them once', () => {
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
