/** A whole cluster in this process: the API server, its controllers, the addresses of Services, and one node that runs pods as processes. */
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
  /** Nothing is written outside of it. It must be there, and stays when the cluster ends. */
  tempFolder: string;
  /** Port 0: a free one. */
  port: number;
  tls: ServerCertificate;
  images: ImageTable;
  /** Two clusters on one machine need blocks of the loopback of their own: each pod and each Service has an address there. */
  podCidr?: string;
  serviceCidr?: string;
};

export interface Devcluster {
  readonly url: string;
  /** For kubectl, as the administrator. */
  readonly kubeconfigFile: string;
  readonly api: ClusterApi;
  /** The kinds that are served at the moment. */
  resources(): readonly Resource[];
  readonly services: Pick<ServiceProxy, 'addressOf'>;
  /** Ends every process of every pod, and everything here. */
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
  // It holds the token of the administrator.
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

/** How a pod finds the API server, as the kubelet tells it. */
const withApiServer = (images: ImageTable, { hostname, port }: URL): ImageTable =>
  new Map(
    [...images].map(([name, entry]) => [
      name,
      { ...entry, env: { ...entry.env, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port } },
    ]),
  );
