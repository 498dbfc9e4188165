/** Holdfast and its example shop as anybody installs them, on a devcluster: real operator, proxies and sidecars as processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCertificate } from '../../../../src/cli/demo/certificate.ts';
import { createObject, localImages } from '../../../../src/cli/demo/local-cluster.ts';
import { readInstallation, readManifest } from '../../../../src/cli/demo/shop.ts';
import { deployments } from '../../../../src/kube/resources.ts';
import { startDevcluster, type Devcluster } from '../../../../src/devcluster/devcluster.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';

const noMetrics = () => Promise.reject(new Error('nothing is measured here'));

export type World = { cluster: Devcluster; log: ReturnType<typeof createMemoryLogger>; folder: string; apply(file: string, namespace?: string): Promise<void>; stop(): Promise<void> };

export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-devcluster-'));
  const log = createMemoryLogger();
  const cluster = await startDevcluster({
    clock: systemClock,
    log,
    tempFolder: folder,
    port: 0,
    tls: await createLocalCertificate(),
    images: localImages(),
    // Those of the demo are elsewhere: its test may run at the same time.
    podCidr: '127.80.0.0/13',
    serviceCidr: '127.88.0.0/13',
    metrics: { resource: noMetrics, pods: noMetrics, object: noMetrics, external: noMetrics },
  });
  const apply = async (file: string, namespace?: string) => {
    for (const object of await readManifest(file)) await createObject(cluster, object, namespace);
  };
  for (const object of await readInstallation()) await createObject(cluster, object);
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
