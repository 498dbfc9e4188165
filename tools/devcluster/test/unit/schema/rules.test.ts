import { describe, expect, test } from '@jest/globals';
import { prepareSchema } from '../../../schema/prepare.ts';
import type { Schema } from '../../../schema/schema.ts';
import { notAsked, preparedSpec, verdict, widget } from './prepared.ts';

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
            {
              rule: 'self.a != 8',
              messageExpression: '"a is " + string(self.a)',
              reason: 'FieldValueForbidden',
              fieldPath: '.a',
            },
            { rule: 'self.a / (self.b - 30) < 100' },
          ],
        },
      ),
      fixed: { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
      growing: {
        ...integer,
        'x-kubernetes-validations': [
          {
            rule: 'oldSelf.hasValue() ? self > oldSelf.value() : self == 1',
            optionalOldSelf: true,
            message: 'grows from 1',
          },
        ],
      },
      unlike: {
        ...text,
        'x-kubernetes-validations': [
          { rule: 'self != "d"', reason: 'FieldValueDuplicate' },
          { rule: 'self != "r"', reason: 'FieldValueRequired', message: 'm' },
        ],
      },
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

  // The right column was read off a Kubernetes 1.35 API server.
  test.each<[sentence: string, spec: object, verdict: string]>([
    ['an object that keeps them is taken', { sum: { a: 1, b: 2 } }, 'ok'],
    ['a broken one tells its message', { sum: { a: 3, b: 2 } }, 'spec.sum: Invalid value: a must be less'],
    [
      'one without a message tells itself',
      { sum: { a: 7, b: 9 } },
      'spec.sum: Invalid value: failed rule: self.a != 7',
    ],
    [
      'one may compute its message, and have a reason and a place',
      { sum: { a: 8, b: 9 } },
      'spec.sum.a: Forbidden: a is 8',
    ],
    [
      'what cannot be computed is broken',
      { sum: { a: 2, b: 30 } },
      'spec.sum: Invalid value: "object": division by zero evaluating rule: self.a / (self.b - 30) < 100',
    ],
    [
      'a missing field breaks each that needs it',
      { sum: { b: 3 } },
      `[${['a must be less', 'self.a != 7', 'self.a != 8', 'self.a / (self.b - 30) < 100'].map((rule) => `spec.sum: Invalid value: "object": no such key: a evaluating rule: ${rule}`).join(', ')}]`,
    ],
    ['a duplicate', { unlike: 'd' }, 'spec.unlike: Duplicate value: "d"'],
    ['a required value', { unlike: 'r' }, 'spec.unlike: Required value: m'],
    ['in the values of a map', { words: { q: 'z' } }, 'spec.words[q]: Invalid value: "z": failed rule: self != "z"'],
    [
      'are not asked where the object is unsound',
      { kind: 'b', sum: { a: 3, b: 2 } },
      `[spec.kind: Unsupported value: "b": supported values: "a", ${notAsked}]`,
    ],
    ['a rule about the change is not asked at creation', { fixed: 'a' }, 'ok'],
    ['unless it can do without an old value', { growing: 2 }, 'spec.growing: Invalid value: 2: grows from 1'],
  ])('%s', (_sentence, spec, expected) => {
    expect(verdict(widgets, widget(spec))).toBe(expected);
  });

  test.each<[sentence: string, old: object, spec: object, verdict: string]>([
    ['an immutable field stays', { fixed: 'a' }, { fixed: 'b' }, 'spec.fixed: Invalid value: "b": is immutable'],
    ['it may be set later', {}, { fixed: 'b' }, 'ok'],
    ['an optional old value is there', { growing: 1 }, { growing: 2 }, 'ok'],
    [
      'and is asked also where nothing changed',
      { growing: 1 },
      { growing: 1 },
      'spec.growing: Invalid value: 1: grows from 1',
    ],
    [
      'elements are compared with those of their key',
      { parts: [{ id: 'a', n: 5 }] },
      {
        parts: [
          { id: 'b', n: 1 },
          { id: 'a', n: 3 },
        ],
      },
      'spec.parts[1].n: Invalid value: 3: must not shrink',
    ],
    ['what was broken before and did not change is let be', { sum: { a: 3, b: 2 } }, { sum: { a: 3, b: 2 } }, 'ok'],
  ])('at an update %s', (_sentence, old, spec, expected) => {
    expect(verdict(widgets, widget(spec), widget(old))).toBe(expected);
  });

  test('of a whole object may read its name', () => {
    const preparation = prepareSchema({
      type: 'object',
      'x-kubernetes-validations': [{ rule: "self.metadata.name != 'bad'", message: 'bad name' }],
    });
    if (!preparation.ok) throw new Error(JSON.stringify(preparation.problems));
    expect(verdict(preparation.prepared, widget({}, 'good'))).toBe('ok');
    expect(verdict(preparation.prepared, widget({}, 'bad'))).toBe('<nil>: Invalid value: bad name');
  });
});

test('a duration that only the format can read fails the rule that needs it, and no more', () => {
  const wait: Schema = { ...text, format: 'duration' };
  const schema = preparedSpec(
    object(
      { wait, note: text },
      { 'x-kubernetes-validations': [{ rule: "!has(self.note) || self.wait < duration('1h')", message: 'too long' }] },
    ),
  );
  expect(verdict(schema, widget({ wait: '3 days' }))).toBe('ok');
  expect(verdict(schema, widget({ wait: '3 days', note: 'x' }))).toContain('evaluating rule: too long');
});

describe('what rules can say', () => {
  const fields: Record<string, Schema> = {
    i: integer,
    n: { type: 'number' },
    s: text,
    list: { type: 'array', items: integer },
    objects: { type: 'array', items: object({ matches: { type: 'array', items: text } }) },
    port: { 'x-kubernetes-int-or-string': true },
    wait: { type: 'string', format: 'duration' },
    when: { type: 'string', format: 'date-time' },
    map: { type: 'object', additionalProperties: integer },
    none: { ...integer, nullable: true },
    namespace: text,
    'x-y': text,
    in: text,
  };
  const values = {
    i: 3,
    n: 1.5,
    s: 'abc',
    list: [1, 2, 3],
    objects: [{ matches: ['a'] }],
    port: '50%',
    wait: '5m',
    when: '2026-01-01T00:00:00Z',
    map: { x: 1 },
    none: null,
    namespace: 'shop',
    'x-y': 'dash',
    in: 'word',
  };

  test.each([
    'self.i + 1 == 4',
    'self.n * 2.0 == 3.0',
    'self.list.all(x, x > 0) && self.list.sum() == 6 && self.list.max() == 3 && self.list.isSorted()',
    'has(self.objects[0].matches) && !has(self.missing)',
    'type(self.port) == int ? self.port >= 1 : self.port.endsWith("%")',
    'self.wait < duration("10m")',
    'self.when < timestamp("2027-01-01T00:00:00Z")',
    '"x" in self.map && self.map["x"] == 1',
    'self.none == null',
    'self.namespace == self.__namespace__',
    'self.x__dash__y == "dash" && self.__in__ == "word"',
    '"ABC".matches("^(?i)abc$") && self.s.matches(r"""^a""")',
    '"say has(it) and .matches(x)".contains("has(it)")',
    'isIP("::1") && !isIP("a") && isCIDR("10.0.0.0/8") && isURL("https://shop.example/")',
    `[url("HTTPS://u@[::1]:443/a b/%2F/../c?q=1&q=2&z=#x")].all(u, u.getScheme() == "https" && u.getHost() == "[::1]:443" && u.getHostname() == "::1"
      && u.getPort() == "443" && u.getEscapedPath() == "/a%20b/%2F/../c" && u.getQuery() == {"q": ["1", "2"], "z": [""]} && u.getQuery()["q"][1] == "2")`,
    'url("/a?b").getEscapedPath() == "/a" && url("/a").getHost() == "" && url("mailto:x").getScheme() == "mailto"',
    '!["", "shop", "../a", "//a b/", "https://shop:x/", "https://a b/", "https://shop/%zz"].exists(text, isURL(text))',
    'quantity("1500m").compareTo(quantity("1.5")) == 0 && quantity("1Gi").isGreaterThan(quantity("1G")) && !isQuantity("5x")',
    '!format.qualifiedName().validate("shop.example/name").hasValue() && format.dns1123Label().validate("A").hasValue()',
    'self.s.replace("b", "x") == "axc" && self.s.find("b+") == "b"',
    'cel.bind(x, self.i, x == 3)',
  ])('%s', (rule) => {
    const schema = preparedSpec(object({ ...fields, missing: text }, { 'x-kubernetes-validations': [{ rule }] }));
    expect(verdict(schema, widget(values))).toBe('ok');
  });
});
