/** Writing the status of an object. */
import type { ObjectRef, Resource } from '../../../src/kube/ports.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { isSameJson } from '../schema/json.ts';
import { unlessGone } from './controller.ts';

/** Unless the object is gone, or says so already. */
export async function writeStatus(api: ClusterApi, resource: Resource, ref: ObjectRef, status: object): Promise<void> {
  const live = api.get(resource, ref);
  if (live === undefined || isSameJson(live['status'], status)) return;
  await unlessGone(api.update(resource, { ...live, status }, 'status'));
}
