/** The kinds of the test cluster: they are served without a stored CustomResourceDefinition, and their schemas are compiled once. */
import { customResourceDefinition, proxyDefinition } from '../../../src/api/crd.ts';
import type { KubeObject, Resource } from '../../../src/kube/ports.ts';
import {
  backendTlsPolicies,
  gatewayClasses,
  gateways,
  grpcRoutes,
  httpRoutes,
  listenerSets,
  referenceGrants,
  trafficPolicies,
  xBackends,
} from '../../../src/kube/resources.ts';
import { builtInKinds } from '../../../tools/devcluster/apiserver/kinds/built-in.ts';
import { createCustomKinds } from '../../../tools/devcluster/apiserver/kinds/custom.ts';
import type { Kind } from '../../../tools/devcluster/apiserver/kinds/kind.ts';
import type { Schema } from '../../../tools/devcluster/schema/schema.ts';
import { widgets } from '../widgets.ts';

const open: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const text: Schema = { type: 'string' };

/** A list whose items merge by one of their fields. */
const listBy = (key: string, item: Schema = open): Schema => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items: { ...item, required: [key], properties: { [key]: text, ...item.properties } },
});

const conditions = listBy('type');

function definitionOf({ group, kind, namespaced, plural, version }: Resource, status: Schema = open): KubeObject {
  const schema: Schema = { ...open, properties: { spec: open, status } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}

/** Types and defaults are enough here: tests of the API and of the devcluster check the rules, which cost much time. */
const withoutRules = (definition: object): KubeObject =>
  JSON.parse(
    JSON.stringify(definition, (key, value: unknown) => (key === 'x-kubernetes-validations' ? undefined : value)),
  );

const statusWithListeners: Schema = {
  ...open,
  properties: { conditions, listeners: listBy('name', { ...open, properties: { conditions } }) },
};

const definitions: KubeObject[] = [
  withoutRules(customResourceDefinition),
  withoutRules(proxyDefinition),
  // Of Gateway API only the fields that determine how the lists of several managers merge.
  definitionOf(gatewayClasses, { ...open, properties: { conditions } }),
  definitionOf(gateways, statusWithListeners),
  definitionOf(listenerSets, statusWithListeners),
  definitionOf(httpRoutes),
  definitionOf(backendTlsPolicies),
  definitionOf(grpcRoutes),
  definitionOf(trafficPolicies),
  definitionOf(xBackends),
  definitionOf(referenceGrants.v1),
  definitionOf(referenceGrants.v1beta1),
  definitionOf(widgets),
];

/** Without the controllers of namespaces, which remove the content and then this finalizer. */
function withoutFinalizer(kind: Kind): Kind {
  if (kind.entry.kind !== 'Namespace') return kind;
  const { complete: _, ...others } = kind;
  return others;
}

export const testKinds: readonly Kind[] = [
  ...builtInKinds.map(withoutFinalizer),
  ...definitions.flatMap(createCustomKinds),
];
