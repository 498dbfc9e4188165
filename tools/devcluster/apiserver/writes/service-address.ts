/** Allocates the address of a new Service, as the API server of Kubernetes does. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { nextAddress } from '../../network/address-range.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import type { Cluster } from '../cluster.ts';
import { objectAt, textAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';

export function withServiceAddress(
  { store, serviceRange }: Cluster,
  { entry, shelf }: Kind,
  service: KubeObject,
): KubeObject {
  const spec = objectAt(service, 'spec');
  if (entry.kind !== 'Service' || spec['type'] === 'ExternalName' || textAt(spec, 'clusterIP') !== '') return service;
  const all = store
    .list(shelf)
    .map((one) => ({ version: Number(one.metadata.resourceVersion), address: textAt(one, 'spec', 'clusterIP') }));
  const taken = all
    .filter(({ address }) => address !== '' && address !== 'None')
    .toSorted((a, b) => a.version - b.version);
  const clusterIP = nextAddress(serviceRange, new Set(taken.map(({ address }) => address)), taken.at(-1)?.address);
  if (clusterIP === undefined) {
    const reason = 'failed to allocate an IP: range is full';
    throw invalidObject('Service', service.metadata.name, [invalid('spec.clusterIPs', [], reason)]);
  }
  return { ...service, spec: { ...spec, clusterIP, clusterIPs: [clusterIP] } };
}
