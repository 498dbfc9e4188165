/** A Kubernetes cluster in this process: API server, controllers, Service addresses, and one node that runs pods as processes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resource } from '../../src/kube/ports.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { Logger } from '../../src/platform/log.ts';
import { createApiServer, type ServerCertificate } from './apiserver/server.ts';
import type { ClusterApi } from './cluster-api.ts';
import { startControllers } from './controllers/start.ts';
import type { ImageTable } from './kubelet/images.ts';
import { startKubelet } from './kubelet/kubelet.ts';
import { startServiceProxy, type ServiceProxy } from './network/service-proxy.ts';

export type DevclusterOptions = {
  clock: Clock;
  log: Logger;
  /** All files are in it. It stays when the cluster stops. */
  tempFolder: string;
  /** 0 picks a free port. */
  port: number;
  tls: ServerCertificate;
  images: ImageTable;
  /** Blocks of the loopback: each pod and each Service has an address. Two clusters on one machine need different blocks. */
  podCidr?: string;
  serviceCidr?: string;
};

export interface Devcluster {
  readonly url: string;
  /** For kubectl, as the administrator. */
  readonly kubeconfigFile: string;
  readonly api: ClusterApi;
  /** Returns the kinds that are currently served. */
  resources(): readonly Resource[];
  readonly services: Pick<ServiceProxy, 'addressOf'>;
  /** Kills every process of every pod, and closes all connections. */
  stop(): Promise<void>;
}

const host = '127.0.0.1';
const nodeName = 'devcluster';

export async function startDevcluster(options: DevclusterOptions): Promise<Devcluster> {
  const { clock, log, tempFolder, tls, podCidr = '127.64.0.0/12', serviceCidr = '127.96.0.0/12' } = options;
  const server = await createApiServer({ clock, tls, host, serviceCidr });
  const { api } = server;
  const url = await server.listen(options.port);
  await mkdir(tempFolder, { recursive: true });
  const kubeconfigFile = join(tempFolder, 'kubeconfig');
  // It contains the administrator's token.
  await writeFile(kubeconfigFile, server.kubeconfig(), { mode: 0o600 });
  const controllers = startControllers({
    api,
    clock,
    logger: log,
    served: () => server.resources(),
    rootCertificate: tls.ca,
  });
  const services = startServiceProxy({ api, log });
  const images = withApiServer(options.images, new URL(url));
  const kubelet = await startKubelet({
    api,
    clock,
    log,
    nodeName,
    images,
    addresses: podCidr,
    tempFolder,
    tokens: { create: (request) => server.createPodToken(request) },
  });
  return {
    url,
    kubeconfigFile,
    api,
    resources: () => server.resources(),
    services,
    async stop() {
      await kubelet.stop();
      await controllers.stop();
      await services.stop();
      await server.close();
    },
  };
}

/** The variables by which a pod finds the API server; the kubelet sets them. */
const withApiServer = (images: ImageTable, { hostname, port }: URL): ImageTable =>
  new Map(
    [...images].map(([name, entry]) => [
      name,
      { ...entry, env: { ...entry.env, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port } },
    ]),
  );
