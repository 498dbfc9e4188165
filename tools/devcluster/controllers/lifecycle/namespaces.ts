/** What every namespace has from the start, and how one ends: its content first, with the graces and finalizers of that. */
import { namespaces, serviceAccounts } from '../../../../src/kube/resources.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { isSameJson } from '../../schema/json.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone, unlessThere } from '../controller.ts';
import { configMaps } from '../kinds.ts';
import { asNamespace } from '../objects.ts';
import { distinctResources } from '../served.ts';
import type { NamespacedObject } from './namespace-conditions.ts';
import { endingConditions } from './namespace-conditions.ts';

export type NamespaceDefaults = { rootCertificate: string };

export function createNamespaceController(
  { api, clock, served }: Tools,
  { rootCertificate }: NamespaceDefaults,
): Controller {
  const isEnding = (name: string | undefined): boolean =>
    name !== undefined && api.get(namespaces, { name })?.metadata.deletionTimestamp !== undefined;

  async function reconcile(name: string): Promise<undefined> {
    const found = api.get(namespaces, { name });
    if (found === undefined) return;
    if (found.metadata.deletionTimestamp === undefined) await fill(name);
    else await empty(found);
  }

  async function fill(namespace: string): Promise<void> {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
    const certificates = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-root-ca.crt', namespace },
      data: { 'ca.crt': rootCertificate },
    };
    if (api.get(serviceAccounts, account.metadata) === undefined) {
      await unlessThere(api.create(serviceAccounts, account));
    }
    if (api.get(configMaps, certificates.metadata) === undefined) {
      await unlessThere(api.create(configMaps, certificates));
    }
  }

  const contentOf = (namespace: string): NamespacedObject[] =>
    distinctResources(served())
      .filter(({ namespaced }) => namespaced)
      .flatMap((resource) => api.list(resource, namespace).map(({ metadata }) => ({ resource, metadata })));

  /** Deletes once what is there, and tells what stays; the last object that goes wakes it again. */
  async function empty({ metadata: { name } }: KubeObject): Promise<void> {
    const staying = contentOf(name).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    await Promise.all(
      staying.map(({ resource, metadata }) =>
        unlessGone(api.delete(resource, metadata, { propagationPolicy: 'Background' })),
      ),
    );
    const remaining = contentOf(name);
    await unlessGone(tellRemaining(name, remaining));
    if (remaining.length === 0) await unlessGone(api.patch(namespaces, { name }, { spec: { finalizers: [] } }));
  }

  async function tellRemaining(name: string, remaining: readonly NamespacedObject[]): Promise<void> {
    const found = api.get(namespaces, { name });
    if (found === undefined) return;
    const { status } = asNamespace(found);
    const conditions = endingConditions(status?.conditions, remaining, clock.nowMs());
    if (!isSameJson(conditions, status?.conditions)) {
      await api.patch(namespaces, { name }, { status: { conditions } }, 'status');
    }
  }

  return {
    name: 'namespace-controller',
    watches: [
      { resource: namespaces, keys: ({ object }) => [object.metadata.name] },
      // What every namespace has is put back when somebody deletes it.
      ...[serviceAccounts, configMaps].map((resource) => ({
        resource,
        keys: ({ type, object }: { type: string; object: KubeObject }) =>
          type === 'DELETED' ? [object.metadata.namespace ?? ''] : [],
      })),
    ],
    watchAll: (_, { object }) => (isEnding(object.metadata.namespace) ? [object.metadata.namespace ?? ''] : []),
    reconcile,
  };
}
