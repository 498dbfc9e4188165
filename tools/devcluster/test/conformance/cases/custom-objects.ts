/** Custom objects and their schema: validation, defaults, pruning, CEL rules. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { sharedWidgets, withSpec } from '../custom-resource.ts';

const rule = (text: string, more: Fields = {}): Fields => ({ 'x-kubernetes-validations': [{ rule: text, ...more }] });

const widgets = sharedWidgets([
  {
    name: 'v1',
    subresources: { status: {} },
    schema: withSpec(
      {
        count: { type: 'integer', minimum: 0, maximum: 10 },
        ratio: { type: 'number' },
        on: { type: 'boolean' },
        word: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]*$' },
        color: { type: 'string', enum: ['red', 'green'] },
        when: { type: 'string', format: 'date-time' },
        port: { 'x-kubernetes-int-or-string': true },
        maybe: { type: 'string', nullable: true },
        never: { type: 'string' },
        list: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string' } },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, size: { type: 'integer', default: 1 } },
          },
        },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        free: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'string' } },
        },
        nested: { type: 'object', required: ['must'], properties: { must: { type: 'string' } } },
        embedded: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        defaulted: { type: 'string', default: 'given' },
        deep: { type: 'object', default: {}, properties: { level: { type: 'integer', default: 3 } } },
        shallow: { type: 'object', properties: { level: { type: 'integer', default: 3 } } },
      },
      { required: ['count'] },
    ),
  },
]);

type RefusedRow = { problem: string; spec: Fields; field: string; message: string };

/** `FIELD` in the message is the path of the field: by default that of the only field of `spec`. */
const refused = (
  problem: string,
  spec: Fields,
  message: string,
  field = `spec.${Object.keys(spec).join()}`,
): RefusedRow => ({ problem, spec, field, message: message.replaceAll('FIELD', field) });

const refusedRows: RefusedRow[] = [
  refused('a missing required field', { count: undefined }, 'Required value'),
  refused(
    'a number below the minimum',
    { count: -1 },
    'Invalid value: -1: FIELD in body should be greater than or equal to 0',
  ),
  refused(
    'a number above the maximum',
    { count: 11 },
    'Invalid value: 11: FIELD in body should be less than or equal to 10',
  ),
  refused(
    'a string in an integer field',
    { count: 'one' },
    'Invalid value: "string": FIELD in body must be of type integer: "string"',
  ),
  refused(
    'a fraction in an integer field',
    { count: 1.5 },
    'Invalid value: "number": FIELD in body must be of type integer: "number"',
  ),
  refused(
    'an integer in a boolean field',
    { on: 1 },
    'Invalid value: "integer": FIELD in body must be of type boolean: "integer"',
  ),
  refused(
    'a string that is too short',
    { word: 'a' },
    'Invalid value: "a": FIELD in body should be at least 2 chars long',
  ),
  refused('a string that is too long', { word: 'abcdef' }, 'Too long: may not be more than 5 bytes'),
  refused(
    'a string that does not match the pattern',
    { word: 'Ab' },
    'Invalid value: "Ab": FIELD in body should match \'^[a-z]*$\'',
  ),
  refused(
    'a value outside of the enumeration',
    { color: 'blue' },
    'Unsupported value: "blue": supported values: "red", "green"',
  ),
  refused(
    'an invalid date-time',
    { when: 'noon' },
    'Invalid value: "noon": FIELD in body must be of type date-time: "noon"',
  ),
  refused(
    'a boolean in an int-or-string field',
    { port: true },
    'Invalid value: "boolean": FIELD in body must be of type integer,string: "boolean"',
  ),
  refused('a list that is too short', { list: [] }, 'Invalid value: 0: FIELD in body should have at least 1 items'),
  refused('a list that is too long', { list: ['a', 'b', 'c', 'd'] }, 'Too many: 4: must have at most 3 items'),
  refused(
    'an item of the wrong type',
    { list: ['a', 1] },
    'Invalid value: "integer": FIELD in body must be of type string: "integer"',
    'spec.list[1]',
  ),
  refused(
    'an object in a list field',
    { list: {} },
    'Invalid value: "object": FIELD in body must be of type array: "object"',
  ),
  refused('a duplicate in a set', { tags: ['a', 'b', 'a'] }, 'Duplicate value: "a"', 'spec.tags[2]'),
  refused(
    'a duplicate key in a list map',
    { parts: [{ name: 'a' }, { name: 'a' }] },
    'Duplicate value: {"name":"a"}',
    'spec.parts[1]',
  ),
  refused('a missing key of a list map', { parts: [{ size: 1 }] }, 'Required value', 'spec.parts[0].name'),
  refused(
    'a value of a map of the wrong type',
    { labels: { a: 1 } },
    'Invalid value: "integer": FIELD in body must be of type string: "integer"',
    'spec.labels.a',
  ),
  refused('a missing nested required field', { nested: {} }, 'Required value', 'spec.nested.must'),
  refused(
    'an embedded object without a kind',
    { embedded: { apiVersion: 'v1' } },
    'Required value',
    'spec.embedded.kind',
  ),
];

const causesOf = (body: Fields): { field: string; message: string }[] =>
  (body.details as { causes?: { field: string; message: string }[] } | undefined)?.causes ?? [];

const refusals = refusedRows.map(({ problem, spec, field, message }): Case => ({
  title: `a custom object with ${problem} is refused`,
  run: async (api) => {
    const { path, widget } = await widgets(api);
    const { status, body } = await api.post(path(), widget({ count: 1, ...spec }));
    expect({ status, reason: body.reason }).toEqual({ status: 422, reason: 'Invalid' });
    const cause = causesOf(body).find((candidate) => candidate.field === field && candidate.message.includes(message));
    expect(cause ?? causesOf(body)).toMatchObject({ field });
  },
}));

type StoredRow = { title: string; spec: Fields; stored: Fields };

const storedRows: StoredRow[] = [
  { title: 'an unknown field of a custom object is pruned', spec: { nonsense: 1 }, stored: {} },
  {
    title: 'an unknown field in a list of a custom object is pruned',
    spec: { parts: [{ name: 'a', size: 2, nonsense: 1 }] },
    stored: { parts: [{ name: 'a', size: 2 }] },
  },
  {
    title: 'unknown fields are kept if the schema preserves them',
    spec: { free: { known: 'a', other: { deep: [1] } } },
    stored: { free: { known: 'a', other: { deep: [1] } } },
  },
  { title: 'a missing field gets its default', spec: {}, stored: { defaulted: 'given' } },
  { title: 'an existing field keeps its value', spec: { defaulted: 'mine' }, stored: { defaulted: 'mine' } },
  {
    title: 'a null that is not allowed is replaced by the default',
    spec: { defaulted: null },
    stored: { defaulted: 'given' },
  },
  { title: 'a null that is not allowed is removed if there is no default', spec: { never: null }, stored: {} },
  { title: 'a null that is allowed is kept', spec: { maybe: null }, stored: { maybe: null } },
  { title: 'a default object gets the defaults of its fields', spec: {}, stored: { deep: { level: 3 } } },
  { title: 'a missing object gets no defaults for its fields', spec: {}, stored: {} },
  {
    title: 'an existing object gets the defaults of its fields',
    spec: { shallow: {} },
    stored: { shallow: { level: 3 } },
  },
  {
    title: 'items of a list get their defaults',
    spec: { parts: [{ name: 'a' }] },
    stored: { parts: [{ name: 'a', size: 1 }] },
  },
  { title: 'an integer in an int-or-string stays an integer', spec: { port: 80 }, stored: { port: 80 } },
  { title: 'a string in an int-or-string stays a string', spec: { port: '80' }, stored: { port: '80' } },
  { title: 'a number without a fraction is accepted as an integer', spec: { count: 2 }, stored: { count: 2 } },
  { title: 'an integer is accepted as a number', spec: { ratio: 2 }, stored: { ratio: 2 } },
  {
    title: 'a date-time with an offset is accepted',
    spec: { when: '2026-01-02T03:04:05.678+01:00' },
    stored: { when: '2026-01-02T03:04:05.678+01:00' },
  },
];

const always = { count: 1, defaulted: 'given', deep: { level: 3 } };

const stored = storedRows.map(({ title, spec, stored: expected }): Case => ({
  title,
  run: async (api) => {
    const { path, widget } = await widgets(api);
    const body = await done(api.post(path(), widget({ count: 1, ...spec })));
    expect(body.spec).toEqual({ ...always, ...expected });
  },
}));

const ruled = sharedWidgets([
  {
    name: 'v1',
    schema: withSpec(
      {
        min: { type: 'integer' },
        max: { type: 'integer' },
        fixed: { type: 'string', ...rule('self == oldSelf', { message: 'fixed is immutable' }) },
        rising: {
          type: 'integer',
          ...rule('self >= oldSelf', { message: 'may not decrease' }),
        },
        name: {
          type: 'string',
          maxLength: 20,
          ...rule("self.startsWith('w-') && self.size() > 2 && self.matches('^[a-z-]+$')", {
            message: 'must be w- and a word',
          }),
        },
        items: {
          type: 'array',
          maxItems: 5,
          items: { type: 'object', properties: { on: { type: 'boolean' }, n: { type: 'integer' } } },
          ...rule('self.all(i, !i.on || i.n > 0)', { message: 'an enabled item needs n' }),
        },
        port: {
          'x-kubernetes-int-or-string': true,
          ...rule('type(self) == int ? self > 0 : self.size() > 0', { message: 'must not be nothing' }),
        },
        wait: {
          type: 'string',
          maxLength: 10,
          ...rule("duration(self) <= duration('1h')", { message: 'at most an hour' }),
        },
        plain: { type: 'integer', ...rule('self < 5') },
        map: {
          type: 'object',
          additionalProperties: { type: 'integer' },
          ...rule('self.all(key, self[key] > 0)', { message: 'values above 0' }),
        },
      },
      {
        'x-kubernetes-validations': [
          {
            rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
            message: 'min must not be above max',
            fieldPath: '.min',
          },
        ],
      },
    ),
  },
]);

type RuleRow = { title: string; spec: Fields; after?: Fields; field: string; message: string };

const ruleRows: RuleRow[] = [
  {
    title: 'a rule with a field path reports that field',
    spec: { min: 3, max: 2 },
    field: 'spec.min',
    message: 'min must not be above max',
  },
  {
    title: 'a rule without a message reports its expression',
    spec: { plain: 5 },
    field: 'spec.plain',
    message: 'Invalid value: 5: failed rule: self < 5',
  },
  {
    title: 'a rule about a string',
    spec: { name: 'w-1' },
    field: 'spec.name',
    message: 'Invalid value: "w-1": must be w- and a word',
  },
  {
    title: 'a rule about all items of a list',
    spec: {
      items: [
        { on: false, n: 0 },
        { on: true, n: 0 },
      ],
    },
    field: 'spec.items',
    message: 'an enabled item needs n',
  },
  {
    title: 'a rule about the integer of an int-or-string',
    spec: { port: 0 },
    field: 'spec.port',
    message: 'must not be nothing',
  },
  {
    title: 'a rule about the string of an int-or-string',
    spec: { port: '' },
    field: 'spec.port',
    message: 'must not be nothing',
  },
  {
    title: 'a rule about a duration',
    spec: { wait: '61m' },
    field: 'spec.wait',
    message: 'Invalid value: "61m": at most an hour',
  },
  {
    title: 'a rule that cannot be evaluated is violated',
    spec: { wait: 'long' },
    field: 'spec.wait',
    message: 'rule compile error|at most an hour|rule evaluation error|no such overload|failed rule',
  },
  {
    title: 'a rule about all values of a map',
    spec: { map: { a: 1, b: 0 } },
    field: 'spec.map',
    message: 'values above 0',
  },
  {
    title: 'a transition rule that forbids a change',
    spec: { fixed: 'a' },
    after: { fixed: 'b' },
    field: 'spec.fixed',
    message: 'Invalid value: "b": fixed is immutable',
  },
];

const rules = ruleRows.map(({ title, spec, after, field, message }): Case => ({
  title: `CEL: ${title}`,
  run: async (api) => {
    const { path, widget } = await ruled(api);
    const object = widget(spec);
    const create = api.post(path(), object);
    if (after) await done(create);
    const answer = after ? api.patch('merge', path(object.metadata.name), { spec: after }) : create;
    await expectRefused(answer, {
      code: 422,
      reason: 'Invalid',
      field,
      message: new RegExp(message.replaceAll(/[.()]/g, '.')),
    });
  },
}));

async function accepted(api: ConformanceApi, spec: Fields, after: Fields): Promise<void> {
  const { path, widget } = await ruled(api);
  const { metadata } = await done(api.post(path(), widget(spec)));
  expect((await done(api.patch('merge', path(metadata.name), { spec: after }))).spec).toMatchObject(after);
}

const further: Case[] = [
  {
    title: 'CEL: a transition rule applies neither at creation nor to a new field',
    run: (api) => accepted(api, { rising: 3 }, { fixed: 'new', rising: 4 }),
  },
  {
    title: 'CEL: an object that satisfies all rules is accepted',
    run: (api) => accepted(api, { min: 1, max: 2, name: 'w-a', port: 'http', wait: '1h' }, { max: 7 }),
  },
  {
    title: 'CEL: all violated rules are reported',
    run: async (api) => {
      const { path, widget } = await ruled(api);
      const { body } = await api.post(path(), widget({ plain: 9, name: 'bad', min: 2, max: 1 }));
      expect(
        causesOf(body)
          .map(({ field }) => field)
          .toSorted(),
      ).toEqual(['spec.min', 'spec.name', 'spec.plain']);
    },
  },
  {
    title: 'the details of an Invalid error have the name, the group and the kind of the custom object',
    run: async (api) => {
      const { path, widget, group } = await widgets(api);
      const object = widget({});
      const { body } = await api.post(path(), object);
      expect(body).toMatchObject({
        message: expect.stringContaining(`Widget.${group} "${object.metadata.name}" is invalid: `),
        details: { name: object.metadata.name, group, kind: 'Widget' },
      });
    },
  },
  {
    title: 'two errors of a custom object are in one message, in brackets',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      await expectRefused(api.post(path(), widget({ count: -1, color: 'blue' })), {
        code: 422,
        message: /is invalid: \[spec\.co.*, spec\.co.*\]$/,
      });
    },
  },
  {
    title: 'the field validation Strict names the unknown fields of custom objects',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      await expectRefused(
        api.post(path(), widget({ count: 1, nonsense: 1, parts: [{ name: 'a', extra: 2 }] }), {
          fieldValidation: 'Strict',
        }),
        {
          code: 400,
          reason: 'BadRequest',
          message: /strict decoding error: unknown field "spec\.nonsense", unknown field "spec\.parts\[0\]\.extra"/,
        },
      );
    },
  },
  {
    title: 'the field validation Warn names the unknown fields of custom objects in a header',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      const { status, headers } = await api.post(path(), widget({ count: 1, nonsense: 1 }));
      expect({ status, warning: headers.warning }).toEqual({
        status: 201,
        warning: '299 - "unknown field \\"spec.nonsense\\""',
      });
    },
  },
  {
    title: 'a strategic merge patch of a custom object returns 415',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      const { metadata } = await done(api.post(path(), widget({ count: 1 })));
      await expectRefused(api.patch('strategic', path(metadata.name), { spec: { count: 2 } }), {
        code: 415,
        reason: 'UnsupportedMediaType',
      });
    },
  },
  {
    title: 'an update of a custom object needs a resource version',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      const object = widget({ count: 1 });
      await done(api.post(path(), object));
      await expectRefused(api.put(path(object.metadata.name), object), {
        code: 422,
        reason: 'Invalid',
        message: /metadata\.resourceVersion: Invalid value: (0x0|0|""): must be specified for an update/,
      });
    },
  },
  {
    title: 'an apply of a custom object merges list maps by key, and replaces other lists',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      const { metadata } = widget();
      const apply = (manager: string, spec: Fields) =>
        api.apply(manager, path(metadata.name), { ...widget(spec), metadata });
      await done(apply('left', { count: 1, parts: [{ name: 'a', size: 2 }], list: ['x'] }));
      const body = await done(apply('right', { count: 1, parts: [{ name: 'b', size: 3 }] }));
      expect(body.spec.parts).toEqual([
        { name: 'a', size: 2 },
        { name: 'b', size: 3 },
      ]);
      await expectRefused(apply('right', { count: 1, list: ['y'] }), {
        code: 409,
        reason: 'Conflict',
        message: /conflict with "left": \.spec\.list$/,
      });
    },
  },
  {
    title: 'an apply of an invalid custom object is Invalid',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      const object = widget({ count: 11 });
      await expectRefused(api.apply('left', path(object.metadata.name), object), {
        code: 422,
        reason: 'Invalid',
        message: /spec\.count in body should be less than or equal to 10/,
      });
    },
  },
  {
    title: 'the status of a custom object is validated',
    run: async (api) => {
      const { path, widget } = await widgets(api);
      const { metadata } = await done(api.post(path(), widget({ count: 1 }, { name: uniqueName('widget') })));
      await expectRefused(api.patch('merge', path(metadata.name, 'status'), { status: 'fine' }), {
        code: 422,
        reason: 'Invalid',
        message: /status: Invalid value: "string": .*in body must be of type object: "string"/,
      });
    },
  },
];

export const customObjects: Case[] = [...refusals, ...stored, ...rules, ...further];
