/** Invalid built-in objects, and the errors of the server. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { expectRefused, type Case } from '../case.ts';
import { groupPath, pathOf } from '../objects.ts';

type Row = {
  title: string;
  /** As in the path: `apps/v1/deployments`. */
  resource: string;
  kind: string;
  object: Fields;
  field: string;
  message: RegExp;
  isOfCluster?: boolean;
};

/** [what is wrong, the fields of the object, the field that the server names, what it says] */
type Wrong = readonly [problem: string, object: Fields, field: string, message: RegExp];

/** `a Service without a port is refused`. An object is called `bad` where it does not say otherwise. */
const rows = (resource: string, kind: string, article: string, wrongs: readonly Wrong[]): Row[] =>
  wrongs.map(([problem, object, field, message]) => ({
    title: `${article} ${kind} ${problem} is refused`,
    resource,
    kind,
    object,
    field,
    message,
  }));
const clusterRows = (...args: Parameters<typeof rows>): Row[] =>
  rows(...args).map((row) => ({ ...row, isOfCluster: true }));

const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
const definitionOf = (spec: Fields): Fields => ({
  metadata: { name: 'bads.example.test' },
  spec: {
    group: 'example.test',
    scope: 'Namespaced',
    names: { plural: 'bads', kind: 'Bad' },
    versions: [version],
    ...spec,
  },
});
const label = /a lowercase RFC 1123 label must consist of/;

const ofCluster = [
  ...clusterRows('v1/namespaces', 'Namespace', 'a', [
    ['with a name in capitals', { metadata: { name: 'Bad' } }, 'metadata.name', label],
  ]),
  ...clusterRows('apiextensions.k8s.io/v1/customresourcedefinitions', 'CustomResourceDefinition', 'a', [
    [
      'of versions of one name',
      definitionOf({ versions: [version, { ...version, storage: false }] }),
      'spec.versions',
      /must contain unique version names/,
    ],
    [
      'with a conversion that does not exist',
      definitionOf({ conversion: { strategy: 'Magic' } }),
      'spec.conversion.strategy',
      /Unsupported value: "Magic": supported values: "None"/,
    ],
  ]),
];

const dryRun = { dryRun: 'All' };

const invalidObjects = ofCluster.map(
  ({ title, resource, kind, object, field, message, isOfCluster = false }): Case => ({
    title,
    run: (api) => {
      const at = resource.lastIndexOf('/');
      const [apiVersion, plural] = [resource.slice(0, at), resource.slice(at + 1)];
      const path = isOfCluster ? `${groupPath(apiVersion)}/${plural}` : pathOf(api, apiVersion, plural);
      return expectRefused(api.post(path, { apiVersion, kind, metadata: { name: 'bad' }, ...object }, dryRun), {
        code: 422,
        reason: 'Invalid',
        field,
        message,
      });
    },
  }),
);

const others: Case[] = [
  {
    title: 'an invalid time is refused',
    run: (api) =>
      expectRefused(
        api.post(
          pathOf(api, 'coordination.k8s.io/v1', 'leases'),
          {
            apiVersion: 'coordination.k8s.io/v1',
            kind: 'Lease',
            metadata: { name: 'bad' },
            spec: { renewTime: 'now' },
          },
          dryRun,
        ),
        {
          code: 400,
          reason: 'BadRequest',
          message:
            /^Lease in version "v1" cannot be handled as a Lease: parsing time "now" as "2006-01-02T15:04:05.*": cannot parse "now" as "2006"$/,
        },
      ),
  },
  {
    title: 'a ServiceAccount with a string in a boolean field is refused',
    run: (api) =>
      expectRefused(
        api.post(
          pathOf(api, 'v1', 'serviceaccounts'),
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bad' }, automountServiceAccountToken: 'yes' },
          dryRun,
        ),
        {
          code: 400,
          reason: 'BadRequest',
          message: /cannot unmarshal string into Go struct field \S*automountServiceAccountToken of type bool/,
        },
      ),
  },
  {
    title: 'a Service with target port 0 uses its own port',
    run: async (api) => {
      const { body } = await api.post(
        pathOf(api, 'v1', 'services'),
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'zero' },
          spec: { ports: [{ port: 80, targetPort: 0 }] },
        },
        dryRun,
      );
      expect(body.spec).toMatchObject({ ports: [{ port: 80, targetPort: 80 }] });
    },
  },
];

export const invalid: Case[] = [...invalidObjects, ...others];
