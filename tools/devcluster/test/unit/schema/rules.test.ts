import { describe, expect, test } from '@jest/globals';
import { prepareSchema } from '../../../schema/prepare.ts';
import type { Schema } from '../../../schema/schema.ts';
import { notChecked, preparedSpec, verdict, widget } from './prepared.ts';

const text: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };
const object = (properties: Record<string, Schema>, rest: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...rest,
});

describe('rules', () => {
  const widgets = preparedSpec(
    object({
      sum: object(
        { a: integer, b: integer },
        {
          'x-kubernetes-validations': [
            { rule: 'self.a < self.b', message: 'a must be less' },
            { rule: 'self.a != 7' },
            { rule: 'self.a != 8', message: 'a is 8', fieldPath: '.a' },
            { rule: 'self.a / (self.b - 30) < 100' },
          ],
        },
      ),
      fixed: { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
      parts: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['id'],
        items: object(
          {
            id: text,
            n: { ...integer, 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'must not shrink' }] },
          },
          { required: ['id'] },
        ),
      },
      words: {
        type: 'object',
        additionalProperties: { ...text, 'x-kubernetes-validations': [{ rule: 'self != "z"' }] },
      },
      kind: { ...text, enum: ['a'] },
    }),
  );

  // The messages are those of a Kubernetes 1.35 API server.
  test.each<[sentence: string, spec: object, verdict: string]>([
    ['an object that satisfies all rules is accepted', { sum: { a: 1, b: 2 } }, 'ok'],
    ['a violated rule reports its message', { sum: { a: 3, b: 2 } }, 'spec.sum: Invalid value: a must be less'],
    [
      'a violated rule without a message reports itself',
      { sum: { a: 7, b: 9 } },
      'spec.sum: Invalid value: failed rule: self.a != 7',
    ],
    ['a rule may name the field of its error', { sum: { a: 8, b: 9 } }, 'spec.sum.a: Invalid value: a is 8'],
    [
      'a rule that cannot be evaluated is violated',
      { sum: { a: 2, b: 30 } },
      'spec.sum: Invalid value: "object": division by zero evaluating rule: self.a / (self.b - 30) < 100',
    ],
    [
      'a missing field violates each rule that needs it',
      { sum: { b: 3 } },
      `[${['a must be less', 'self.a != 7', 'a is 8', 'self.a / (self.b - 30) < 100'].map((rule) => `spec.sum: Invalid value: "object": no such key: a evaluating rule: ${rule}`).join(', ')}]`,
    ],
    [
      'rules apply to the values of a map',
      { words: { q: 'z' } },
      'spec.words[q]: Invalid value: "z": failed rule: self != "z"',
    ],
    [
      'rules are not evaluated for an object of wrong values',
      { kind: 'b', sum: { a: 3, b: 2 } },
      `[spec.kind: Unsupported value: "b": supported values: "a", ${notChecked}]`,
    ],
    ['a transition rule is not evaluated at creation', { fixed: 'a' }, 'ok'],
  ])('%s', (_sentence, spec, expected) => {
    expect(verdict(widgets, widget(spec))).toBe(expected);
  });

  test.each<[sentence: string, old: object, spec: object, verdict: string]>([
    [
      'an immutable field cannot change',
      { fixed: 'a' },
      { fixed: 'b' },
      'spec.fixed: Invalid value: "b": is immutable',
    ],
    ['an immutable field may be set later', {}, { fixed: 'b' }, 'ok'],
    [
      'an element is compared with the old element of its key',
      { parts: [{ id: 'a', n: 5 }] },
      {
        parts: [
          { id: 'b', n: 1 },
          { id: 'a', n: 3 },
        ],
      },
      'spec.parts[1].n: Invalid value: 3: must not shrink',
    ],
    ['an unchanged value that violates a rule is accepted', { sum: { a: 3, b: 2 } }, { sum: { a: 3, b: 2 } }, 'ok'],
  ])('at an update, %s', (_sentence, old, spec, expected) => {
    expect(verdict(widgets, widget(spec), widget(old))).toBe(expected);
  });

  test('a rule of the whole object reads its name', () => {
    const preparation = prepareSchema({
      type: 'object',
      'x-kubernetes-validations': [{ rule: "self.metadata.name != 'bad'", message: 'bad name' }],
    });
    if (!preparation.ok) throw new Error(JSON.stringify(preparation.problems));
    expect(verdict(preparation.prepared, widget({}, 'good'))).toBe('ok');
    expect(verdict(preparation.prepared, widget({}, 'bad'))).toBe('<nil>: Invalid value: bad name');
  });
});

describe('what rules can say', () => {
  const fields: Record<string, Schema> = {
    i: integer,
    n: { type: 'number' },
    s: text,
    list: { type: 'array', items: integer },
    objects: { type: 'array', items: object({ matches: { type: 'array', items: text } }) },
    port: { 'x-kubernetes-int-or-string': true },
    map: { type: 'object', additionalProperties: integer },
    none: { ...integer, nullable: true },
    namespace: text,
  };
  const values = {
    i: 3,
    n: 1.5,
    s: 'abc',
    list: [1, 2, 3],
    objects: [{ matches: ['a'] }],
    port: '50%',
    map: { x: 1 },
    none: null,
    namespace: 'shop',
  };

  test.each([
    'self.i + 1 == 4',
    'self.n * 2.0 == 3.0',
    'self.list.all(x, x > 0) && self.list.exists(x, x == 3)',
    'has(self.objects[0].matches) && !has(self.missing)',
    'type(self.port) == int ? self.port >= 1 : self.port.endsWith("%")',
    'duration("5m") < duration("10m")',
    '"x" in self.map && self.map["x"] == 1',
    'self.none == null',
    'self.namespace == "shop"',
    '"ABC".matches("^(?i)abc$") && self.s.matches(r"""^a""")',
    '"say has(it) and .matches(x)".contains("has(it)")',
  ])('the rule %s holds', (rule) => {
    const schema = preparedSpec(object({ ...fields, missing: text }, { 'x-kubernetes-validations': [{ rule }] }));
    expect(verdict(schema, widget(values))).toBe('ok');
  });
});
