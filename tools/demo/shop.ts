/** The objects of the demo: Holdfast from its manifests, and the example shop with and without it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/kube/ports.ts';
import { isRecord } from '../../src/platform/record.ts';

const checkout = join(import.meta.dirname, '../..');
const installation = [
  'crds/holdfast.dev_stickyworkloads.yaml',
  'crds/holdfast.dev_holdfastproxies.yaml',
  ...['00-namespace', '10-rbac', '20-webhook', '30-operator'].map((name) => `manifests/base/${name}.yaml`),
];

export const shopName = 'cart';
export const mostPods = 5;
export const fewestPods = 2;
export const operatorRef = { namespace: 'holdfast-system', name: 'holdfast-operator' };

export const readInstallation = async (): Promise<KubeObject[]> =>
  (await Promise.all(installation.map(readManifest))).flat();

const readManifest = async (file: string): Promise<KubeObject[]> =>
  parseAllDocuments(await readFile(join(checkout, file), 'utf8')).map((document): KubeObject => document.toJS());

/** The sample: with `sticky` its StickyWorkload, without it a Service with affinity by the client's address. `demoUrl`: the API of its page. */
export async function readShop({ sticky, demoUrl }: { sticky: boolean; demoUrl?: string }): Promise<KubeObject[]> {
  const sample = (await readManifest('manifests/samples/cart.yaml')).map(withSharedProcesses);
  if (!sticky) return [...sample.filter(({ kind }) => kind === 'Deployment').map(withoutSidecar), plainService];
  return demoUrl === undefined ? sample : sample.map((object) => withDemoUrl(object, demoUrl));
}

/**
 * The demo deletes pods while they start. Linux drops a SIGTERM for a process 1 that has no handler yet, and a kubelet that had begun to stop
 * the container keeps the grace period of that time, an hour. In a shared process namespace the shop is not process 1.
 */
const withSharedProcesses = (object: KubeObject): KubeObject =>
  rewrite(object, (key, value) =>
    key === 'spec' && isRecord(value) && 'containers' in value ? { ...value, shareProcessNamespace: true } : value,
  );

/** No label asks for injection in the namespace without a StickyWorkload; the label of the sample would only delay its pods. */
const withoutSidecar = (deployment: KubeObject): KubeObject =>
  rewrite(deployment, (key, value) => (key === 'holdfast.dev/inject' ? undefined : value));

const withDemoUrl = (object: KubeObject, demoUrl: string): KubeObject =>
  rewrite(object, (key, value) =>
    key === 'env' && Array.isArray(value) ? [...value, { name: 'DEMO_URL', value: demoUrl }] : value,
  );

/** A copy in which each field is what `change` makes of it; undefined: it is left out. */
function rewrite(object: KubeObject, change: (key: string, value: unknown) => unknown): KubeObject {
  const copy: KubeObject = JSON.parse(JSON.stringify(object, change));
  return copy;
}

const plainService: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: shopName },
  spec: {
    selector: { app: shopName },
    sessionAffinity: 'ClientIP',
    ports: [{ name: 'http', port: 8080, targetPort: 'http' }],
  },
};
