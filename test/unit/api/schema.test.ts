import { describe, expect, test } from '@jest/globals';
import { customResourceDefinition, nameLengthLimit } from '../../../src/api/crd.ts';
import { conditionTypes, reasons } from '../../../src/api/reasons.ts';
import type { Schema } from '../../../src/api/schema.ts';
import { specSchema } from '../../../src/api/spec.ts';
import { statusSchema } from '../../../src/api/status.ts';
import { defaultCookieName } from '../../../src/core/names/names.ts';

type Field = { path: string; schema: Schema };

function listFields({ path, schema }: Field): Field[] {
  if (schema.type === 'array') return [{ path, schema }, ...listFields({ path: `${path}[]`, schema: schema.items })];
  if (schema.type !== 'object') return [{ path, schema }];
  return [
    { path, schema },
    ...Object.entries(schema.properties).flatMap(([name, child]) =>
      listFields({ path: `${path}.${name}`, schema: child }),
    ),
  ];
}

const fields = [
  ...listFields({ path: 'spec', schema: specSchema }),
  ...listFields({ path: 'status', schema: statusSchema }),
];
const named = fields.filter(({ path }) => path.includes('.') && !path.endsWith('[]'));
const pathsWhere = (holds: (schema: Schema) => boolean) =>
  named.filter(({ schema }) => holds(schema)).map(({ path }) => path);

describe('the schema', () => {
  test('describes every field, for kubectl explain and the reference', () => {
    expect(named.length).toBeGreaterThan(80);
    expect(pathsWhere((schema) => schema.description === undefined)).toEqual([]);
  });

  test('limits every list, because of the size limit of etcd and the cost limit of rules', () => {
    expect(pathsWhere((schema) => schema.type === 'array' && schema.maxItems === undefined)).toEqual([]);
  });

  test('limits every string that a user writes', () => {
    const unbounded = pathsWhere(
      (schema) => schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined,
    );
    expect(unbounded.filter((path) => path.startsWith('spec.'))).toEqual([]);
  });
});

describe('the CustomResourceDefinition', () => {
  test('limits the name, so that the names derived from it are valid', () => {
    expect(defaultCookieName('a'.repeat(nameLengthLimit)).length).toBeLessThanOrEqual(63);
  });

  test('has complete defaults, because the API server validates a default before it sets the nested ones', () => {
    const [version] = customResourceDefinition.spec.versions;
    expect(version.schema.openAPIV3Schema).toHaveProperty('properties.spec.properties.drain.default', {
      timeout: '1h',
      quietPeriod: '5s',
      shutdownMargin: '30s',
      sessionSources: ['Proxy'],
      sessionThreshold: 0,
    });
  });
});

describe('conditions and reasons', () => {
  const camelCase = /^[A-Z][A-Za-z]*$/;

  test('have the form that Kubernetes requires', () => {
    expect([...Object.keys(conditionTypes), ...Object.keys(reasons)].filter((word) => !camelCase.test(word))).toEqual(
      [],
    );
  });

  test('each have a sentence', () => {
    expect(
      [...Object.entries(conditionTypes), ...Object.entries(reasons)].filter(
        ([, sentence]) => !/^[A-Z].*\.$/.test(sentence),
      ),
    ).toEqual([]);
  });
});
