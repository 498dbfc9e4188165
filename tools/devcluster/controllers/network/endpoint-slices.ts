/** The EndpointSlice controller. The slices of a Service that is gone are garbage: they name it as their owner. */
import { endpointSlices, nodes, pods, services } from '../../../../src/kube/resources.ts';
import type { ClusterChange } from '../../cluster-api.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import { asNode, asPod, asService, keyOf, refOf } from '../objects.ts';
import { matchesSelector } from '../selectors.ts';
import { asEndpointSlice, decideSlices, managedBy } from './slice-decision.ts';

export function createEndpointSliceController({ api }: Tools): Controller {
  async function reconcile(key: string): Promise<undefined> {
    const ref = refOf(key);
    const found = api.get(services, ref);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return;
    const service = asService(found);
    // Without a selector somebody else manages the slices.
    if (service.spec.type === 'ExternalName' || service.spec.selector === undefined) return;
    const slices = api
      .list(endpointSlices, ref.namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === ref.name)
      .filter(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === managedBy)
      .map(asEndpointSlice);
    const podsOfNamespace = api.list(pods, ref.namespace).map(asPod);
    const plan = decideSlices({ service, pods: podsOfNamespace, nodes: api.list(nodes).map(asNode), slices });
    for (const slice of plan.create) await api.create(endpointSlices, slice);
    for (const slice of plan.update) await api.update(endpointSlices, slice);
    for (const { metadata } of plan.remove) await unlessGone(api.delete(endpointSlices, metadata));
  }

  /** Those that select the pod, before or after the change. */
  function selecting({ object, old }: ClusterChange): string[] {
    const candidates = api.list(services, object.metadata.namespace).map(asService);
    const selects = (labels: Record<string, string> | undefined) => (service: (typeof candidates)[number]) =>
      service.spec.selector !== undefined && matchesSelector({ matchLabels: service.spec.selector }, labels);
    const now = candidates.filter(selects(object.metadata.labels));
    const before = old === undefined ? [] : candidates.filter(selects(old.metadata.labels));
    return [...now, ...before].map(keyOf);
  }

  return {
    name: managedBy,
    watches: [
      { resource: services, keys: ({ object }) => [keyOf(object)] },
      { resource: pods, keys: selecting },
      {
        resource: endpointSlices,
        keys: ({ object, old }) => [object, ...(old === undefined ? [] : [old])].flatMap(serviceOf),
      },
    ],
    reconcile,
  };
}

function serviceOf({ metadata }: { metadata: { namespace?: string; labels?: Record<string, string> } }): string[] {
  const name = metadata.labels?.['kubernetes.io/service-name'];
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`];
}
