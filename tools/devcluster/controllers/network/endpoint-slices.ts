/** The EndpointSlice controller: a slice for each set of port numbers. The slices of a deleted Service are garbage: it owns them. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { endpointSlices, pods, services } from '../../../../src/kube/resources.ts';
import type { ClusterChange } from '../../cluster-api.ts';
import { isSameJson } from '../../schema/json.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import { asPod, asService, keyOf, reader, refOf } from '../objects.ts';
import { matchesSelector } from '../selectors.ts';
import { buildSlices, managedBy, serviceLabel, type EndpointSlice } from './slices.ts';

const asEndpointSlice = reader<EndpointSlice>('EndpointSlice');

export function createEndpointSliceController({ api }: Tools): Controller {
  async function reconcile(key: string): Promise<void> {
    const ref = refOf(key);
    const found = api.get(services, ref);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return;
    const service = asService(found);
    // Without a selector, the slices are managed by another controller or a user.
    if (service.spec.type === 'ExternalName' || service.spec.selector === undefined) return;
    const left = api.list(endpointSlices, ref.namespace).filter(isManagedFor(ref.name)).map(asEndpointSlice);
    for (const wanted of buildSlices(service, api.list(pods, ref.namespace).map(asPod))) {
      const index = left.findIndex(({ ports }) => isSameJson(ports ?? [], wanted.ports));
      const [existing] = index < 0 ? [] : left.splice(index, 1);
      if (existing === undefined) await api.create(endpointSlices, wanted);
      else if (differs(existing, wanted)) await api.update(endpointSlices, updated(existing, wanted));
    }
    for (const { metadata } of left) await unlessGone(api.delete(endpointSlices, metadata));
  }

  /** Services that select the pod, before or after the change. */
  function selecting({ object, old = object }: ClusterChange): string[] {
    return api
      .list(services, object.metadata.namespace)
      .map(asService)
      .filter(({ spec: { selector } }) =>
        [object, old].some(
          ({ metadata }) => selector !== undefined && matchesSelector({ matchLabels: selector }, metadata.labels),
        ),
      )
      .map(keyOf);
  }

  return {
    name: managedBy,
    watches: [
      { resource: services, keys: ({ object }) => [keyOf(object)] },
      { resource: pods, keys: selecting },
      { resource: endpointSlices, keys: ({ object }) => keysOfSlice(object) },
    ],
    reconcile,
  };
}

const isManagedFor =
  (service: string) =>
  ({ metadata: { labels } }: KubeObject): boolean =>
    labels?.[serviceLabel] === service && labels['endpointslice.kubernetes.io/managed-by'] === managedBy;

const updated = (existing: EndpointSlice, { endpoints, metadata: { labels } }: EndpointSlice): EndpointSlice => ({
  ...existing,
  metadata: { ...existing.metadata, ...(labels !== undefined && { labels }) },
  ...(endpoints && { endpoints }),
});

const differs = (existing: EndpointSlice, wanted: EndpointSlice): boolean =>
  !isSameJson(existing.endpoints ?? [], wanted.endpoints) ||
  !isSameJson(existing.metadata.labels, wanted.metadata.labels);

function keysOfSlice({ metadata }: KubeObject): string[] {
  const name = metadata.labels?.[serviceLabel];
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`];
}
