import { describe, expect, test } from '@jest/globals';
import { customResourceDefinition, nameLengthLimit } from '../../../src/api/crd.ts';
import { conditionTypes, reasons } from '../../../src/api/reasons.ts';
import type { Schema } from '../../../src/api/schema.ts';
import { specSchema } from '../../../src/api/spec.ts';
import { statusSchema } from '../../../src/api/status.ts';
import { keyRingName } from '../../../src/core/names/names.ts';

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
  test('every field is described, for kubectl explain and the reference', () => {
    expect(named.length).toBeGreaterThan(80);
    expect(pathsWhere((schema) => schema.description === undefined)).toEqual([]);
  });

  test('every list is bounded: an object has to fit into etcd, and rules over it into their cost', () => {
    expect(pathsWhere((schema) => schema.type === 'array' && schema.maxItems === undefined)).toEqual([]);
  });

  test('every text that a user writes is bounded', () => {
    const unbounded = pathsWhere(
      (schema) => schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined,
    );
    expect(unbounded.filter((path) => path.startsWith('spec.'))).toEqual([]);
  });
});

describe('the CustomResourceDefinition', () => {
  test('the longest name leaves room for what is named after it', () => {
    expect(keyRingName('a'.repeat(nameLengthLimit)).length).toBeLessThanOrEqual(63);
  });

  test('a default is whole as it stands: the API server judges it by the rules before it fills in what is below', () => {
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

  test('have the form that Kubernetes wants of them', () => {
    expect([...Object.keys(conditionTypes), ...Object.keys(reasons)].filter((word) => !camelCase.test(word))).toEqual(
      [],
    );
  });

  test('have a sentence each', () => {
    expect(
      [...Object.entries(conditionTypes), ...Object.entries(reasons)].filter(
        ([, sentence]) => !/^[A-Z].*\.$/.test(sentence),
      ),
    ).toEqual([]);
  });
});
