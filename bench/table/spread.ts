/** The time from a changed HTTPRoute in the operator's store until the last of several proxies routes by it. */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { proxyName } from '../../src/core/names/names.ts';
import * as resources from '../../src/kube/resources.ts';
import { createOperator } from '../../src/operator/operator.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { isRecord } from '../../src/platform/record.ts';
import { createTestCluster, type TestCluster } from '../../test/support/cluster/test-cluster.ts';
import { elsewhere, gateway, routeDefinition, slice } from '../../test/support/operator-objects.ts';
import { addCleanup } from '../measure/cleanup.ts';
import { median, quantile } from '../measure/statistics.ts';
import { formatNumber } from '../report/markdown.ts';
import type { Table } from '../report/section.ts';

const routes = 1000;
const proxies = 3;
const turns = 40;
const changedRoute = 500;
const pauseMs = 300;
const serverName = 'holdfast-operator.holdfast-system.svc';
const token = 'token-of-the-proxies';

export async function measureSpread(folder: string, progress: (text: string) => void): Promise<Table> {
  progress(`an operator with ${routes} routes, and ${proxies} proxies`);
  const cluster = createTestCluster(systemClock);
  fill(cluster);
  const port = await startOperator(cluster);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  const following = await Promise.all(
    Array.from({ length: proxies }, () => startFollowing([String(port), caOf(cluster), tokenFile, serverName])),
  );
  const taken: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await sleep(pauseMs);
    const began = performance.now();
    cluster.put(resources.httpRoutes, routeOf(changedRoute, `/turn-${turn}`, turn + 2));
    await Promise.all(following.map((child) => untilRedirected(child, `/turn-${turn}`)));
    taken.push(performance.now() - began);
  }
  return {
    title: `from a changed HTTPRoute, one of ${routes.toLocaleString('en-US')} of a Gateway, until the last of ${proxies} proxies routes by it`,
    columns: [`${turns} times`, 'median, ms', '95 %, ms'],
    rows: [
      [
        'from the event of the API server, with the 10 ms in which further events are awaited',
        formatNumber(median(taken)),
        formatNumber(quantile(taken, 0.95)),
      ],
    ],
  };
}

/** Each route has a host and a backend of its own. The one that changes redirects: the response shows that the proxy routes by it. */
function fill(cluster: TestCluster): void {
  cluster.put(resources.mutatingWebhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'holdfast' },
    webhooks: [],
  });
  cluster.put(resources.customResourceDefinitions, routeDefinition('B'));
  cluster.put(resources.gateways, elsewhere('shop', gateway('web')));
  for (let number = 0; number < routes; number += 1) {
    const name = `app-${number}`;
    cluster.put(resources.services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name },
      spec: { ports: [{ name: 'http', port: 80 }] },
    });
    cluster.put(resources.endpointSlices, slice(name, [`${name}-a`, `${name}-b`]));
    cluster.put(resources.httpRoutes, routeOf(number, '/', 1));
  }
  cluster.addToken(token, {
    username: `system:serviceaccount:shop:${proxyName('web')}`,
    podName: 'web-proxy',
    podUid: 'uid-web-proxy',
  });
}

const hostOf = (number: number): string => `app-${number}.example.com`;

const routeOf = (number: number, path: string, generation: number) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: `app-${number}`, generation },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
    hostnames: [hostOf(number)],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: path } }],
        ...(number === changedRoute
          ? {
              filters: [
                { type: 'RequestRedirect', requestRedirect: { hostname: 'there.example.com', statusCode: 302 } },
              ],
            }
          : { backendRefs: [{ group: '', kind: 'Service', name: `app-${number}`, port: 80, weight: 1 }] }),
      },
    ],
  },
});

/** Returns the port of its discovery API, once every route has its status. */
async function startOperator(cluster: TestCluster): Promise<number> {
  const operator = createOperator({
    cluster,
    namespace: 'holdfast-system',
    identity: 'operator-1',
    image: 'holdfast:dev',
    imagePullPolicy: 'Never',
    ports: { webhook: 0, discovery: 0 },
    serverNames: [serverName, '127.0.0.1'],
    discoveryHost: '127.0.0.1',
    clock: systemClock,
    random: Math.random,
    logger: createLogger('operator', 'error'),
  });
  await operator.start();
  addCleanup(() => operator.stop());
  const hasStatus = (number: number) =>
    cluster.find(resources.httpRoutes, { namespace: 'shop', name: `app-${number}` })?.['status'] !== undefined;
  for (let number = 0; number < routes; number += 1) while (!hasStatus(number)) await sleep(10);
  return operator.listening().discovery;
}

function caOf(cluster: TestCluster): string {
  const data = cluster.find(resources.secrets, { namespace: 'holdfast-system', name: 'holdfast-ca' })?.['data'];
  const certificate = isRecord(data) ? data['tls.crt'] : undefined;
  return Buffer.from(String(certificate), 'base64').toString();
}

async function startFollowing(args: string[]): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'following-proxy.ts'), args);
  addCleanup(() => Promise.resolve(void child.kill()));
  await heard(child);
  return child;
}

/** Resolves with the next message. */
const heard = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const ended = () => {
      reject(new Error('a proxy has ended'));
    };
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });

function untilRedirected(child: ChildProcess, path: string): Promise<unknown> {
  child.send({ host: hostOf(changedRoute), path });
  return heard(child);
}
