/** An in-process devcluster for the demo: it listens on the loopback only, and its files are in a temporary folder that is removed at the end. */
import { join } from 'node:path';
import { startDevcluster, type Devcluster } from '../devcluster/devcluster.ts';
import type { ImageTable } from '../devcluster/kubelet/images.ts';
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/ports.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createCertificates } from './certificate.ts';
import type { DemoCluster } from './demo-cluster.ts';
import { claimMachine } from './machine/claim.ts';
import { replicasFor, startScaler, type Scaler } from './scaler.ts';
import { shopName } from './shop.ts';

const checkout = join(import.meta.dirname, '../..');

/** `customers`: their current number, by which the shop is scaled. */
export async function startLocalCluster(customers: () => number): Promise<DemoCluster> {
  const { folder, release } = await claimMachine();
  const cluster = await startIn(folder).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const { api, services, kubeconfigFile } = cluster;
  const create = async (objects: readonly KubeObject[], namespace?: string) => {
    for (const object of objects) await createObject(cluster, object, namespace);
  };
  const writer = {
    get: async (resource: Resource, ref: ObjectRef) => api.get(resource, ref),
    update: (resource: Resource, object: KubeObject) => api.update(resource, object),
  };
  const scalers: Scaler[] = [];
  const fixed = new Map<string, number>();
  return {
    namespace: 'shop',
    scaler: 'an autoscaler',
    kubectl: `kubectl --kubeconfig ${kubeconfigFile}`,
    isLocal: true,
    install: create,
    create,
    get: (resource, ref) => api.get(resource, ref),
    list: (resource, namespace) => api.list(resource, namespace),
    autoscale(namespace, customersPerPod) {
      const wanted = () => fixed.get(namespace) ?? replicasFor(customers(), customersPerPod);
      // A write that fails is repeated a second later.
      const tools = { clock: systemClock, wanted, onError: () => undefined };
      scalers.push(startScaler(writer, { namespace, name: shopName }, tools));
      return Promise.resolve();
    },
    scale(namespace, replicas) {
      fixed.set(namespace, replicas);
      return Promise.resolve();
    },
    addressOf: (service) => services.addressOf(service),
    async stop() {
      await Promise.all(scalers.map((scaler) => scaler.stop()));
      await cluster.stop();
      await release();
    },
  };
}

async function startIn(tempFolder: string): Promise<Devcluster> {
  const { caPem, certPem, keyPem } = await createCertificates({ addresses: ['127.0.0.1'] });
  return startDevcluster({
    clock: systemClock,
    // The demo prints what happens; the log of the devcluster is for its developers.
    log: createLogger('devcluster', 'silent'),
    tempFolder,
    port: 0,
    tls: { ca: caPem, cert: certPem, key: keyPem },
    images: localImages(),
  });
}

/** Each image is a program of this checkout: Node runs the sources without a build. */
function localImages(): ImageTable {
  const env = { PATH: process.env['PATH'] ?? '' };
  const run = (program: string) => ({ command: [process.execPath, join(checkout, program)], cwd: checkout, env });
  return new Map([
    ['holdfast:dev', run('src/cli/main.ts')],
    ['holdfast-shop:dev', run('examples/shop/main.ts')],
  ]);
}

/** Throws where the API does not serve the kind. A namespaced object is created in `namespace`, where it is given. */
async function createObject(cluster: Devcluster, object: KubeObject, namespace?: string): Promise<void> {
  const resource = cluster
    .resources()
    .find((candidate) => candidate.kind === object.kind && groupVersion(candidate) === object.apiVersion);
  if (resource === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not served`);
  const place = resource.namespaced && namespace !== undefined ? { namespace } : {};
  await cluster.api.create(resource, { ...object, metadata: { ...object.metadata, ...place } });
}

const groupVersion = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);
