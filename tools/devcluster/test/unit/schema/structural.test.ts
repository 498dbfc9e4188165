import { describe, expect, test } from '@jest/globals';
import { prepareSchema } from '../../../schema/prepare.ts';
import type { ValidationRule } from '../../../schema/schema.ts';
import { prepareSpec } from './prepared.ts';

const spec = 'spec.validation.openAPIV3Schema.properties[spec]';
const text = { type: 'string' };

function problemsOf(schema: unknown): string[] {
  const preparation = prepareSpec(schema);
  return preparation.ok ? [] : preparation.problems.map(({ field, message }) => `${field}: ${message}`);
}

// The right column was read off a Kubernetes 1.35 API server.
describe('a schema is refused', () => {
  test.each<[sentence: string, schema: unknown, problem: string]>([
    [
      'without a type',
      { properties: { a: text } },
      `${spec}.type: Required value: must not be empty for specified object fields`,
    ],
    [
      'with a type that is none',
      { type: 'int' },
      `${spec}.type: Unsupported value: "int": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
    ['with a list of nothing', { type: 'array' }, `${spec}.items: Required value: must be specified`],
    [
      'with properties and free keys',
      { type: 'object', properties: { a: text }, additionalProperties: text },
      `${spec}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
    [
      'with a default of another type',
      { type: 'object', properties: { a: { ...text, default: 5 } } },
      `${spec}.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"`,
    ],
    [
      'with a default that has unknown fields',
      { type: 'object', default: { z: 1 }, properties: { b: text } },
      `${spec}.default: Invalid value: {"z":1}: must not have unknown fields`,
    ],
    [
      'with a kind of list that is none',
      { type: 'array', 'x-kubernetes-list-type': 'bag', items: text },
      `${spec}.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"`,
    ],
    [
      'with a map list that has no keys',
      { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } },
      `${spec}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
    [
      'with a key that need not be there',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
        items: { type: 'object', properties: { a: text } },
      },
      `${spec}.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
    [
      'with a set of granular objects',
      { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } },
      `${spec}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
    [
      'with types in alternatives',
      { type: 'object', properties: { a: text }, anyOf: [{ properties: { a: text } }] },
      `${spec}.anyOf[0].properties[a].type: Forbidden: must be empty to be structural`,
    ],
    [
      'with unique items',
      { type: 'array', uniqueItems: true, items: text },
      `${spec}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
    ['with a reference', { $ref: '#/x' }, `${spec}.$ref: Forbidden: $ref is not supported`],
    [
      'with unknown fields kept, not',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      `${spec}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`,
    ],
  ])('%s', (_sentence, schema, problem) => {
    expect(problemsOf(schema)).toEqual([problem]);
  });

  test('that is none, or not of an object', () => {
    expect(prepareSchema(undefined)).toMatchObject({ ok: false, problems: [{ reason: 'FieldValueRequired' }] });
    expect(prepareSchema({ type: 'string' })).toMatchObject({
      problems: [
        {
          field: 'spec.validation.openAPIV3Schema.type',
          message: 'Invalid value: "string": must be object at the root',
        },
      ],
    });
  });

  test.each<[sentence: string, metadata: object, isRefused: boolean]>([
    ['labels', { type: 'object', properties: { name: text, labels: { type: 'object' } } }, true],
    ['what is required', { type: 'object', required: ['labels'] }, true],
    ['nothing of its own', { type: 'object' }, false],
    ['names', { type: 'object', properties: { name: { ...text, maxLength: 9 }, generateName: text } }, false],
  ])('or not, whose metadata says something about %s', (_sentence, metadata, isRefused) => {
    const message =
      'Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified';
    const preparation = prepareSchema({ type: 'object', properties: { metadata } }, 'schema');
    expect(preparation).toMatchObject(
      isRefused ? { ok: false, problems: [{ field: 'schema.properties[metadata]', message }] } : { ok: true },
    );
  });

  test('with a pattern that does not compile', () => {
    expect(problemsOf({ ...text, pattern: '[' })).toEqual([
      expect.stringContaining(`pattern: Invalid value: "[": must be a valid regular expression, but isn't`),
    ]);
  });
});

describe('a rule is refused', () => {
  const at = `${spec}.x-kubernetes-validations[0]`;
  test.each<[sentence: string, rule: ValidationRule, problem: string]>([
    ['that says nothing', { rule: ' ' }, `${at}.rule: Required value: rule is not specified`],
    ['that is no CEL', { rule: 'self.a == ' }, 'compilation failed: ERROR: <input>:1:11: Syntax error'],
    [
      'about a field that is not there',
      { rule: 'self.b == "x"' },
      `compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == "x"\n | ....^`,
    ],
    ['about a field that is not there, with has', { rule: 'has(self.b)' }, `undefined field 'b'`],
    [
      'that compares a text with a number',
      { rule: 'self.a == 1' },
      `found no matching overload for '_==_' applied to '(string, int)'`,
    ],
    ['that is no question', { rule: 'self.a' }, 'cel expression must evaluate to a bool'],
    [
      'whose message is no text',
      { rule: 'true', messageExpression: '1' },
      `${at}.messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"1","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string`,
    ],
    ['with a reason that is none', { rule: 'true', reason: 'Foo' }, `${at}.reason: Unsupported value: "Foo"`],
    [
      'with a place that is not there',
      { rule: 'true', fieldPath: '.zz' },
      `${at}.fieldPath: Invalid value: ".zz": must be a valid path`,
    ],
    [
      'with a message of two lines',
      { rule: 'true', message: 'a\nb' },
      `${at}.message: Invalid value: "a\\nb": must not contain line breaks`,
    ],
    [
      'with an old value that it does not use',
      { rule: 'true', optionalOldSelf: true },
      `${at}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ])('%s', (_sentence, rule, problem) => {
    expect(problemsOf({ type: 'object', properties: { a: text }, 'x-kubernetes-validations': [rule] })).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  test('about the change of an element that has no identity', () => {
    const items = { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
    expect(problemsOf({ type: 'array', items })).toEqual([
      `${spec}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${spec}`,
    ]);
    expect(problemsOf({ type: 'object', additionalProperties: items })).toEqual([]);
  });
});
