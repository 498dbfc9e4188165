/** The kinds of the manifests that the demo installs. */
import type { KubeObject, Resource } from '../../../src/kube/ports.ts';
import {
  customResourceDefinitions,
  deployments,
  mutatingWebhookConfigurations,
  namespaces,
  podDisruptionBudgets,
  serviceAccounts,
  services,
  stickyWorkloads,
} from '../../../src/kube/resources.ts';

const rbac = (kind: string, namespaced: boolean): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced,
});

const installable: readonly Resource[] = [
  customResourceDefinitions,
  namespaces,
  rbac('Role', true),
  rbac('RoleBinding', true),
  rbac('ClusterRole', false),
  rbac('ClusterRoleBinding', false),
  serviceAccounts,
  services,
  deployments,
  podDisruptionBudgets,
  mutatingWebhookConfigurations,
  stickyWorkloads,
];

export function kindOf({ kind }: KubeObject): Resource {
  const found = installable.find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`unknown kind ${kind}: add it to the kinds that the demo installs`);
  return found;
}
