/** Shared by the cases for lists and watches. */
import type { Body } from './body.ts';
import { uniqueName, type ConformanceApi } from './api.ts';
import { done } from './case.ts';
import { configMap, configMaps } from './objects.ts';

/** ConfigMaps of one case, selected by a label. */
export async function family(api: ConformanceApi): Promise<{
  query: { labelSelector: string };
  labels: { family: string };
  version: string;
  add(name?: string): Promise<Body>;
}> {
  const labels = { family: uniqueName('family') };
  const query = { labelSelector: `family=${labels.family}` };
  const { metadata } = await done(api.get(configMaps(api), query));
  return {
    query,
    labels,
    version: metadata.resourceVersion,
    add: (name = uniqueName('map')) => done(api.post(configMaps(api), configMap({ name, labels }))),
  };
}
