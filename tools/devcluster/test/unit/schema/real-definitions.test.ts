import { beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { prepareSchema, type PreparedSchema } from '../../../schema/prepare.ts';
import { verdict } from './prepared.ts';

type Definition = {
  kind: string;
  metadata: { name: string };
  spec: { versions: { name: string; schema: { openAPIV3Schema: unknown } }[] };
};

const tools =
  process.env['HOLDFAST_CLUSTER_TOOLS'] ?? new URL('../../../../../../shared/cluster', import.meta.url).pathname;

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
    ['the smallest one is taken', {}, 'cart', 'ok'],
    [
      'a name that is too long',
      {},
      'a'.repeat(49),
      'metadata.name: Invalid value: metadata.name must have at most 48 characters',
    ],
    [
      'fewer than no replicas',
      { replicas: -1 },
      'cart',
      'spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0',
    ],
    [
      'a time that is none',
      { sessionPersistence: { idleTimeout: 'x!' } },
      'cart',
      'spec.sessionPersistence.idleTimeout: Invalid value: "x!": spec.sessionPersistence.idleTimeout in body should match \'^([0-9]{1,5}(h|m|s|ms)){1,4}$\'',
    ],
    ['no target', { targetRef: null }, 'cart', 'spec.targetRef: Required value'],
  ])('%s', (_sentence, spec, name, expected) => {
    expect(verdict(schema, workload(spec, name))).toContain(expected);
  });
});

const channels = ['standard', 'experimental'].map((channel) => `${tools}/gateway-api/${channel}`);
const describeWithDefinitions = channels.every((folder) => existsSync(folder)) ? describe : describe.skip;

describeWithDefinitions(
  'the definitions of the Gateway API (HOLDFAST_CLUSTER_TOOLS names the folder that has them)',
  () => {
    const read = (path: string): Definition[] =>
      parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Definition);

    test('all rules of all versions compile', () => {
      const definitions = channels
        .flatMap((folder) => readdirSync(folder).flatMap((name) => read(`${folder}/${name}`)))
        .filter(({ kind }) => kind === 'CustomResourceDefinition');
      const prepared = definitions.flatMap((definition) =>
        definition.spec.versions.map(({ name }) => prepare(definition, name)),
      );
      expect(prepared.length).toBeGreaterThan(20);
    });

    let routes: PreparedSchema;
    beforeAll(() => {
      const [definition] = read(`${channels[0]}/gateway.networking.k8s.io_httproutes.yaml`);
      routes = prepare(definition as Definition, 'v1');
    });
    const route = (spec: object) => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'x' },
      spec,
    });
    test.each<[sentence: string, spec: object, verdict: string]>([
      ['an empty route is taken', {}, 'ok'],
      [
        'a path must begin at the root',
        { rules: [{ matches: [{ path: { type: 'PathPrefix', value: 'x' } }] }] },
        "spec.rules[0].matches[0].path: Invalid value: value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
      ],
      [
        'a filter must say what it does',
        { rules: [{ filters: [{ type: 'RequestRedirect' }] }] },
        'spec.rules[0].filters[0]: Invalid value: filter.requestRedirect must be specified for RequestRedirect filter.type',
      ],
      [
        'redirects of a prefix need a prefix',
        {
          rules: [
            {
              filters: [
                {
                  type: 'RequestRedirect',
                  requestRedirect: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/x' } },
                },
              ],
              matches: [{ path: { type: 'Exact', value: '/a' } }],
            },
          ],
        },
        'When using RequestRedirect filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified',
      ],
      [
        'a Service needs its port',
        { rules: [{ backendRefs: [{ name: 's' }] }] },
        'spec.rules[0].backendRefs[0]: Invalid value: Must have port for Service reference',
      ],
      [
        'a backend may not take longer than the request',
        { rules: [{ timeouts: { request: '1s', backendRequest: '2s' } }] },
        'backendRequest timeout cannot be longer than request timeout',
      ],
      [
        'parents must differ',
        { parentRefs: [{ name: 'g' }, { name: 'g' }] },
        'spec.parentRefs: Invalid value: sectionName must be unique when parentRefs includes 2 or more references to the same parent',
      ],
    ])('%s', (_sentence, spec, expected) => {
      expect(verdict(routes, route(spec))).toContain(expected);
    });
  },
);
