/** Creates what every namespace contains. Before a namespace is deleted, its content is: with grace periods and finalizers. */
import { namespaces, serviceAccounts } from '../../../../src/kube/resources.ts';
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';
import { configMaps } from '../../cluster-api.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessExists, unlessGone } from '../controller.ts';
import { distinctResources } from '../served.ts';

export type NamespaceDefaults = { rootCertificate: string };

export function createNamespaceController({ api, served }: Tools, { rootCertificate }: NamespaceDefaults): Controller {
  const isTerminating = (name: string | undefined): boolean =>
    name !== undefined && api.get(namespaces, { name })?.metadata.deletionTimestamp !== undefined;

  async function reconcile(name: string): Promise<void> {
    if (api.get(namespaces, { name }) === undefined) return;
    await (isTerminating(name) ? empty(name) : fill(name));
  }

  async function fill(namespace: string): Promise<void> {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
    const metadata = { name: 'kube-root-ca.crt', namespace };
    const certificates = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'ca.crt': rootCertificate } };
    await createMissing(serviceAccounts, account);
    await createMissing(configMaps, certificates);
  }

  async function createMissing(resource: Resource, object: KubeObject): Promise<void> {
    if (api.get(resource, object.metadata) === undefined) await unlessExists(api.create(resource, object));
  }

  const contentOf = (namespace: string) =>
    distinctResources(served())
      .filter(({ namespaced }) => namespaced)
      .flatMap((resource) => api.list(resource, namespace).map(({ metadata }) => ({ resource, metadata })));

  /** Deletes each object once. The deletion of the last one enqueues the namespace again. */
  async function empty(name: string): Promise<void> {
    const staying = contentOf(name).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    await Promise.all(staying.map(({ resource, metadata }) => unlessGone(api.delete(resource, metadata))));
    if (contentOf(name).length === 0) await unlessGone(api.patch(namespaces, { name }, { spec: { finalizers: [] } }));
  }

  const keysOfDeleted: Controller['watches'][number]['keys'] = ({ type, object }) =>
    type === 'DELETED' ? [object.metadata.namespace ?? ''] : [];
  return {
    name: 'namespace-controller',
    watches: [
      { resource: namespaces, keys: ({ object }) => [object.metadata.name] },
      // Default objects that another client deletes are created again.
      ...[serviceAccounts, configMaps].map((resource) => ({ resource, keys: keysOfDeleted })),
    ],
    watchAll: (_, { object }) => (isTerminating(object.metadata.namespace) ? [object.metadata.namespace ?? ''] : []),
    reconcile,
  };
}
