import { expect, test } from '@jest/globals';
import { prepareSchema } from '../../../schema/prepare.ts';
import { prepareSpec } from './prepared.ts';

const spec = 'spec.validation.openAPIV3Schema.properties[spec]';
const text = { type: 'string' };

function problemsOf(schema: unknown): string[] {
  const preparation = prepareSpec(schema);
  return preparation.ok ? [] : preparation.problems.map(({ field, message }) => `${field}: ${message}`);
}

test.each<[schema: string, source: unknown, problem: string]>([
  [
    'without a type',
    { properties: { a: text } },
    `${spec}.type: Required value: must not be empty for specified object fields`,
  ],
  [
    'of an unknown type',
    { type: 'int' },
    `${spec}.type: Unsupported value: "int": supported values: "array", "boolean", "integer", "number", "object", "string"`,
  ],
  ['of a list without items', { type: 'array' }, `${spec}.items: Required value: must be specified`],
  [
    'of an unknown list type',
    { type: 'array', 'x-kubernetes-list-type': 'bag', items: text },
    `${spec}.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"`,
  ],
  [
    'of a map list without keys',
    { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } },
    `${spec}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
  ],
  [
    'with a keyword that the devcluster does not implement',
    { type: 'integer', multipleOf: 2 },
    `${spec}.multipleOf: Forbidden: devcluster does not support this keyword`,
  ],
  [
    'with a format that the devcluster does not check',
    { type: 'string', format: 'duration' },
    `${spec}.format: Forbidden: devcluster does not check the format duration`,
  ],
])('a schema %s is refused', (_schema, source, problem) => {
  expect(problemsOf(source)).toEqual([problem]);
});

test('a schema with a pattern that does not compile is refused', () => {
  expect(problemsOf({ ...text, pattern: '[' })).toEqual([
    expect.stringContaining(`pattern: Invalid value: "[": must be a valid regular expression, but isn't`),
  ]);
});

test('a schema that is missing or not of an object is refused', () => {
  expect(prepareSchema(undefined)).toMatchObject({ ok: false, problems: [{ reason: 'FieldValueRequired' }] });
  expect(prepareSchema({ type: 'string' })).toMatchObject({
    problems: [
      { field: 'spec.validation.openAPIV3Schema.type', message: 'Invalid value: "string": must be object at the root' },
    ],
  });
});

const at = `${spec}.x-kubernetes-validations[0]`;

test.each<[rule: string, rule: object, problem: string]>([
  ['that is empty', { rule: ' ' }, `${at}.rule: Required value: rule is not specified`],
  ['that is not CEL', { rule: 'self.a == ' }, 'compilation failed: ERROR: <input>:1:11: Syntax error'],
  ['that calls an unknown function', { rule: 'isURL(self.a)' }, 'compilation failed: ERROR: <input>:1:1: '],
  [
    'with a computed message, which the devcluster does not implement,',
    { rule: 'true', messageExpression: '"a"' },
    `${at}.messageExpression: Forbidden: devcluster does not support it`,
  ],
])('a rule %s is refused', (_title, rule, problem) => {
  expect(problemsOf({ type: 'object', properties: { a: text }, 'x-kubernetes-validations': [rule] })).toEqual([
    expect.stringContaining(problem),
  ]);
});

test('a transition rule of an element without an identity is refused', () => {
  const items = { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
  expect(problemsOf({ type: 'array', items })).toEqual([
    `${spec}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${spec}`,
  ]);
  expect(problemsOf({ type: 'object', additionalProperties: items })).toEqual([]);
});
