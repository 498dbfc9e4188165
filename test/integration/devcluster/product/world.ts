/** Holdfast and its example shop as anybody installs them, on a devcluster: real operator, proxies and sidecars as processes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';
import { deployments } from '../../../../src/kube/resources.ts';
import { startDevcluster, type Devcluster } from '../../../../src/devcluster/devcluster.ts';
import type { ImageTable } from '../../../../src/devcluster/kubelet/images.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createCertificates } from '../../../support/certificates.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';

const checkout = join(import.meta.dirname, '../../../..');
const env = { PATH: process.env['PATH'] ?? '' };
const images: ImageTable = new Map([
  ['holdfast:dev', { command: [process.execPath, join(checkout, 'src/cli/main.ts')], cwd: checkout, env }],
  ['holdfast-shop:dev', { command: [process.execPath, join(checkout, 'examples/shop/main.ts')], cwd: checkout, env }],
]);

const manifests = ['crds/holdfast.dev_stickyworkloads.yaml', ...['00-namespace', '10-rbac', '20-webhook', '30-operator'].map((name) => `manifests/base/${name}.yaml`)];

const noMetrics = () => Promise.reject(new Error('nothing is measured here'));

export type World = { cluster: Devcluster; log: ReturnType<typeof createMemoryLogger>; folder: string; apply(file: string, namespace?: string): Promise<void>; stop(): Promise<void> };

export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-devcluster-'));
  const { caPem, certPem, keyPem } = await createCertificates({ addresses: ['127.0.0.1'] });
  const log = createMemoryLogger();
  const cluster = await startDevcluster({
    clock: systemClock,
    log,
    tempFolder: folder,
    port: 0,
    tls: { ca: caPem, cert: certPem, key: keyPem },
    images,
    // Those of the demo are elsewhere: its test may run at the same time.
    podCidr: '127.80.0.0/13',
    serviceCidr: '127.88.0.0/13',
    metrics: { resource: noMetrics, pods: noMetrics, object: noMetrics, external: noMetrics },
  });
  const apply = async (file: string, namespace?: string) => {
    for (const object of await readManifest(file)) await create(cluster, object, namespace);
  };
  for (const file of manifests) await apply(file);
  // As `kubectl rollout status` waits for it: pods that start before it are not injected.
  const operator = () => cluster.api.get(deployments, { namespace: 'holdfast-system', name: 'holdfast-operator' })?.['status'];
  await eventually(operator, (status) => isObject(status) && status['readyReplicas'] === 2, 20_000);
  return {
    cluster,
    log,
    folder,
    apply,
    async stop() {
      await cluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const readManifest = async (file: string): Promise<KubeObject[]> =>
  parseAllDocuments(await readFile(join(checkout, file), 'utf8')).map((document): KubeObject => document.toJS());

export async function create(cluster: Devcluster, object: KubeObject, namespace?: string): Promise<void> {
  const resource = cluster.resources().find((candidate) => candidate.kind === object.kind && groupVersion(candidate) === object.apiVersion);
  if (resource === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not served`);
  await cluster.api.create(resource, { ...object, metadata: { ...object.metadata, ...(namespace !== undefined && { namespace }) } });
}

const groupVersion = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);
