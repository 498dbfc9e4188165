/** A devcluster for the demo: everything on the loopback, and in a temporary folder that goes with it. */
import { join } from 'node:path';
import { horizontalPodAutoscalers } from '../devcluster/controllers/kinds.ts';
import type { MetricsSource } from '../devcluster/controllers/autoscaling/metrics-source.ts';
import { startDevcluster, type Devcluster } from '../devcluster/devcluster.ts';
import type { ImageTable } from '../devcluster/kubelet/images.ts';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createLocalCertificate } from './certificate.ts';
import type { DemoCluster } from './demo-cluster.ts';
import { claimMachine } from './machine/claim.ts';
import { autoscaler, demandMetric, shopName } from './shop.ts';

const checkout = join(import.meta.dirname, '../..');
const autoscalerPeriodMs = 1000;

/** `customers`: how many there are at the moment, which the autoscaler goes by. */
export async function startLocalCluster(customers: () => number): Promise<DemoCluster> {
  const { folder, release } = await claimMachine();
  const cluster = await startIn(folder, customers).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const { api, services, kubeconfigFile } = cluster;
  const create = async (objects: readonly KubeObject[], namespace?: string) => {
    for (const object of objects) await createObject(cluster, object, namespace);
  };
  return {
    namespace: 'shop',
    scaler: 'an autoscaler',
    kubectl: `kubectl --kubeconfig ${kubeconfigFile}`,
    isLocal: true,
    install: create,
    create,
    get: (resource, ref) => api.get(resource, ref),
    list: (resource, namespace) => api.list(resource, namespace),
    autoscale: (namespace, customersPerPod) => create([autoscaler(customersPerPod)], namespace),
    async scale(namespace, replicas) {
      await api.patch(
        horizontalPodAutoscalers,
        { namespace, name: shopName },
        { spec: { minReplicas: replicas, maxReplicas: replicas } },
      );
    },
    addressOf: (service) => services.addressOf(service),
    async stop() {
      await cluster.stop();
      await release();
    },
  };
}

const startIn = async (tempFolder: string, customers: () => number): Promise<Devcluster> =>
  startDevcluster({
    clock: systemClock,
    // The demo tells what happens; what the devcluster itself has to say is for its developers.
    log: createLogger('devcluster', 'silent'),
    tempFolder,
    port: 0,
    tls: await createLocalCertificate(),
    images: localImages(),
    metrics: metricsOf(customers),
    autoscalerPeriodMs,
  });

/** Programs of this checkout stand for the images: Node runs their sources as they are. */
function localImages(): ImageTable {
  const env = { PATH: process.env['PATH'] ?? '' };
  const run = (program: string) => ({ command: [process.execPath, join(checkout, program)], cwd: checkout, env });
  return new Map([
    ['holdfast:dev', run('src/cli/main.ts')],
    ['holdfast-shop:dev', run('examples/shop/main.ts')],
  ]);
}

function metricsOf(customers: () => number): MetricsSource {
  const unmeasured = (what: string) => () =>
    Promise.reject(new Error(`the demo measures no ${what}, only the external metric ${demandMetric}`));
  return {
    resource: unmeasured('resources'),
    pods: unmeasured('metrics of pods'),
    object: unmeasured('metrics of objects'),
    external: () => Promise.resolve([customers() * 1000]),
  };
}

/** By its kind, which must be served. One of a namespace goes there, where it is given. */
async function createObject(cluster: Devcluster, object: KubeObject, namespace?: string): Promise<void> {
  const resource = cluster
    .resources()
    .find((candidate) => candidate.kind === object.kind && groupVersion(candidate) === object.apiVersion);
  if (resource === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not served`);
  const place = resource.namespaced && namespace !== undefined ? { namespace } : {};
  await cluster.api.create(resource, { ...object, metadata: { ...object.metadata, ...place } });
}

const groupVersion = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);
