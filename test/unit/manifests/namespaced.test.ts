import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import * as resources from '../../../src/kube/resources.ts';

/** `resourceNames`: the only objects that it grants. */
type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] };
type Role = {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: Rule[];
  roleRef?: { kind: string; name: string };
};

const read = (path: string): Role[] =>
  parseAllDocuments(readFileSync(new URL(`../../../manifests/${path}`, import.meta.url), 'utf8')).map(
    (document) => document.toJS() as Role,
  );
const rulesOf = (roles: Role[], name: string): Rule[] =>
  roles.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name)?.rules ?? [];

const namespaced = new Set(
  Object.values(resources)
    .flatMap((resource) => ('plural' in resource ? [resource] : Object.values(resource)))
    .filter((resource) => resource.namespaced)
    .map(({ plural }) => plural),
);
const kindOf = (resource: string): string => resource.split('/')[0] ?? '';
const rightsOf = (rules: Rule[]): string[] =>
  rules.flatMap(({ apiGroups, resources: names, verbs, resourceNames = ['*'] }) =>
    names.flatMap((name) =>
      verbs.flatMap((verb) => resourceNames.map((object) => `${verb} ${apiGroups.join(',')} ${name} ${object}`)),
    ),
  );

test('a namespaced install grants in the whole cluster only what has no namespace, and all of that', () => {
  const clusterWide = rightsOf(rulesOf(read('namespaced/cluster-scoped.yaml'), 'holdfast-operator-cluster'));
  const base = rulesOf(read('base/10-rbac.yaml'), 'holdfast-operator');
  const needed = rightsOf(
    base.map((rule) => ({ ...rule, resources: rule.resources.filter((name) => !namespaced.has(kindOf(name))) })),
  );
  expect(clusterWide.toSorted()).toEqual(needed.toSorted());
});

test('in each namespace the operator has the rights of its ClusterRole', () => {
  const bindings = [...read('namespaced/namespace.yaml'), ...read('namespaced/cluster-scoped.yaml')].filter(
    ({ kind }) => kind === 'RoleBinding',
  );
  expect(bindings.map(({ metadata, roleRef }) => [metadata.namespace, roleRef?.kind, roleRef?.name])).toEqual([
    [undefined, 'ClusterRole', 'holdfast-operator'],
    [undefined, 'ClusterRole', 'holdfast-operator-certificates'],
    ['holdfast-system', 'ClusterRole', 'holdfast-operator'],
    ['holdfast-system', 'ClusterRole', 'holdfast-operator-certificates'],
  ]);
});

test('no ClusterRole permits to write Secrets', () => {
  const writes = read('base/10-rbac.yaml')
    .filter(({ kind }) => kind === 'ClusterRole')
    .flatMap(({ rules = [] }) => rightsOf(rules))
    .filter((right) => right.includes(' secrets '));
  expect(writes.toSorted()).toEqual(['list  secrets *', 'watch  secrets *']);
});

test('the operator can delete only what a later spec may no longer want', () => {
  const deletes = read('base/10-rbac.yaml')
    .flatMap(({ rules = [] }) => rightsOf(rules))
    .filter((right) => right.startsWith('delete'));
  expect(deletes.toSorted()).toEqual([
    'delete autoscaling horizontalpodautoscalers *',
    'delete gateway.networking.k8s.io grpcroutes *',
    'delete gateway.networking.k8s.io httproutes *',
  ]);
});
