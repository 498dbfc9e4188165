/** Shared by the cases of the project's CustomResourceDefinition. */
import type { Fields } from '../../body.ts';
import { uniqueName, type Answer, type ConformanceApi } from '../../api.ts';
import { installedFrom } from '../../installed.ts';
import { pathOf } from '../../objects.ts';

const install = installedFrom([
  new URL('../../../../../../crds/holdfast.dev_stickyworkloads.yaml', import.meta.url).pathname,
]);

/** The path of StickyWorkloads, of one, or of its subresource, once they are served. */
export async function pathTo(api: ConformanceApi, ...parts: string[]): Promise<string> {
  await install(api);
  return pathOf(api, 'holdfast.dev/v1alpha1', 'stickyworkloads', ...parts);
}

export const workload = (spec: Fields = {}, name = uniqueName('cart')): Fields & { metadata: { name: string } } => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'StickyWorkload',
  metadata: { name },
  spec: { targetRef: { kind: 'Deployment', name: 'cart' }, ...spec },
});

/** Returns the response to a creation, without storing the object. */
export const submit = async (api: ConformanceApi, spec: Fields, name?: string): Promise<Answer> =>
  api.post(await pathTo(api), workload(spec, name), { dryRun: 'All', fieldValidation: 'Strict' });
