import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { prepareSchema, type PreparedSchema } from '../../../schema/prepare.ts';
import { verdict } from './prepared.ts';

type Definition = {
  kind: string;
  metadata: { name: string };
  spec: { versions: { name: string; schema: { openAPIV3Schema: unknown } }[] };
};

function prepare(definition: Definition, version: string): PreparedSchema {
  const found = definition.spec.versions.find(({ name }) => name === version);
  const preparation = prepareSchema(found?.schema.openAPIV3Schema);
  if (!preparation.ok) throw new Error(`${definition.metadata.name}: ${JSON.stringify(preparation.problems)}`);
  return preparation.prepared;
}

describe('StickyWorkload', () => {
  const file = new URL('../../../../../crds/holdfast.dev_stickyworkloads.yaml', import.meta.url);
  const definition = parse(readFileSync(file, 'utf8')) as Definition;
  const schema = prepare(definition, 'v1alpha1');
  const workload = (spec: object, name = 'cart') => ({
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'StickyWorkload',
    metadata: { name },
    spec: { targetRef: { kind: 'Deployment', name: 'cart' }, ...spec },
  });

  test.each<[sentence: string, spec: object, name: string, verdict: string]>([
    ['the smallest StickyWorkload is accepted', {}, 'cart', 'ok'],
    [
      'a name that is too long is refused',
      {},
      'a'.repeat(49),
      'metadata.name: Invalid value: metadata.name must have at most 48 characters',
    ],
    [
      'negative replicas are refused',
      { replicas: -1 },
      'cart',
      'spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0',
    ],
    [
      'an invalid duration is refused',
      { sessionPersistence: { idleTimeout: 'x!' } },
      'cart',
      'spec.sessionPersistence.idleTimeout: Invalid value: "x!": must be whole numbers with the units h, m, s or ms',
    ],
    ['a missing target is refused', { targetRef: null }, 'cart', 'spec.targetRef: Required value'],
  ])('%s', (_sentence, spec, name, expected) => {
    expect(verdict(schema, workload(spec, name))).toContain(expected);
  });
});
