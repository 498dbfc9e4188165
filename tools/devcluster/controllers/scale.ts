/** `/scale` of whatever has one. */
import type { KubeObject, Resource } from '../../../src/kube/ports.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { StatusError } from '../status-error.ts';
import { reader } from './objects.ts';
import type { ServedResources } from './served.ts';

export type Scale = KubeObject & { spec: { replicas?: number }; status?: { replicas?: number; selector?: string } };
const asScale = reader<Scale>('Scale');

export type ScaleTarget = { apiVersion?: string; kind: string; name: string };

/** Throws what the API refuses, and NotFound for a kind that is not served. */
export type ScaleReader = (namespace: string, target: ScaleTarget) => Promise<Scale>;

const groupOf = ({ apiVersion = 'v1' }: ScaleTarget): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

export const findResource = (served: readonly Resource[], target: ScaleTarget): Resource | undefined =>
  served.find(({ group, kind }) => group === groupOf(target) && kind === target.kind);

/** `findResource`, where there must be one. */
export function requireResource(served: readonly Resource[], target: ScaleTarget): Resource {
  const found = findResource(served, target);
  if (found === undefined) {
    throw new StatusError('NotFound', `no matches for kind "${target.kind}" in group "${groupOf(target)}"`);
  }
  return found;
}

export function createScaleReader(api: ClusterApi, served: ServedResources): ScaleReader {
  // A patch of nothing answers the scale as it is.
  return async (namespace, target) =>
    asScale(await api.patch(requireResource(served(), target), { namespace, name: target.name }, {}, 'scale'));
}
