/** The API server of the devcluster. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { once } from 'node:events';
import { stringify } from 'yaml';
import type { KubeObject, Resource } from '../../../src/kube/ports.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { StatusError } from '../status-error.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { createClusterCalls } from './cluster-calls.ts';
import { serveRequest } from './requests/serve.ts';
import { apiAudience } from './tokens.ts';

/** PEM. Without it the server uses plain HTTP. */
export type ServerCertificate = { ca: string; cert: string; key: string };

export type ApiServerOptions = {
  clock?: Clock;
  tls?: ServerCertificate;
  /** The server's own address; 127.0.0.1 by default. */
  host?: string;
  /** Addresses of Services: a block of 127.0.0.0/8. */
  serviceCidr?: string;
  /** The number of changes of each kind from which watches can resume. */
  historyLimit?: number;
};

export type PodTokenRequest = {
  namespace: string;
  serviceAccount: string;
  pod: { name: string; uid: string };
  audience: string | undefined;
  expirationSeconds: number;
};

export interface ApiServer {
  /** Port 0 picks a free port. Resolves with the URL. */
  listen(port: number): Promise<string>;
  readonly api: ClusterApi;
  /** The kinds that are currently served. */
  resources(): readonly Resource[];
  /** YAML for kubectl, with the token of the administrator. */
  kubeconfig(): string;
  readonly adminToken: string;
  /** A ServiceAccount token that is bound to a pod, for its kubelet. */
  createPodToken(request: PodTokenRequest): Promise<{ token: string; expiresAtMs: number }>;
  /** Ends all watches and connections. */
  close(): Promise<void>;
}

export async function createApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { clock = systemClock, host = '127.0.0.1', tls } = options;
  const { serviceCidr, historyLimit } = options;
  const cluster = createCluster({ clock, serviceCidr, historyLimit });
  const api = createClusterCalls(cluster);
  const closing = new AbortController();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void serveRequest(cluster, request, response, closing.signal);
  };
  const server = tls ? createHttpsServer({ cert: tls.cert, key: tls.key }, handle) : createHttpServer(handle);
  // Kubernetes closes idle connections after this time. Clients keep theirs for less, so that no request meets a connection that closes.
  server.keepAliveTimeout = 90_000;
  let url = '';
  await createNamespaces(api);

  return {
    api,
    adminToken: cluster.tokens.admin,
    resources: () => cluster.registry.all().flatMap(({ entry }) => (entry.verbs.includes('list') ? [entry] : [])),
    async listen(port) {
      server.listen(port, host);
      await once(server, 'listening');
      const address = server.address();
      url = `${tls ? 'https' : 'http'}://${host}:${typeof address === 'object' && address !== null ? address.port : port}`;
      return url;
    },
    kubeconfig: () => formatKubeconfig({ url, token: cluster.tokens.admin, ca: tls?.ca }),
    createPodToken: async (request) => issuePodToken(cluster, request),
    async close() {
      closing.abort();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function createNamespaces(api: ClusterApi): Promise<void> {
  const resource = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await api.create(resource, namespace);
  }
}

function issuePodToken(cluster: Cluster, request: PodTokenRequest): { token: string; expiresAtMs: number } {
  const { namespace, serviceAccount, pod, audience, expirationSeconds } = request;
  const account = cluster.store.get('/serviceaccounts', { namespace, name: serviceAccount });
  if (account === undefined) {
    throw new StatusError('NotFound', `serviceaccounts "${serviceAccount}" not found`, {
      name: serviceAccount,
      kind: 'serviceaccounts',
    });
  }
  const subject = { namespace, serviceAccount: { name: serviceAccount, uid: account.metadata.uid ?? '' }, pod };
  return cluster.tokens.issue({ subject, audiences: [audience ?? apiAudience], lifetimeSeconds: expirationSeconds });
}

function formatKubeconfig({ url, token, ca }: { url: string; token: string; ca: string | undefined }): string {
  const name = 'devcluster';
  // The client library accepts plain HTTP only with this explicit setting.
  const trust =
    ca === undefined
      ? { 'insecure-skip-tls-verify': true }
      : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url, ...trust } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}
