import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StickyWorkload } from '../../../src/api/stickyworkload.ts';
import { renderWebhooks } from '../../../src/core/inject/webhooks.ts';
import { issueLeaf } from '../../../src/operator/certificates/leaf.ts';
import { loadOrCreateAuthority } from '../../../src/operator/certificates/authority.ts';
import { installLeaf } from '../../../src/operator/certificates/leaf.ts';
import { createTlsServer } from '../../../src/operator/https/server.ts';
import { createInjectionHandler } from '../../../src/operator/injection/handler.ts';
import type { LiveCluster } from '../../../src/kube/live/client.ts';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { deployments, mutatingWebhookConfigurations, pods, statefulSets } from '../../../src/kube/resources.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { describeWithApi } from '../../support/api-server.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';
import { listen } from '../../support/tls-client.ts';
import { connectLive, eventually, makeNamespace, namespaces } from '../kube/world.ts';

const workload = {
  metadata: { name: 'cart', namespace: 'any' },
  spec: {
    service: { targetPort: 'http' },
    drain: {
      timeout: '1h',
      quietPeriod: '5s',
      shutdownMargin: '30s',
      sessionSources: ['Proxy', 'Connections', 'Application'],
      sessionThreshold: 0,
      connections: { excludeCIDRs: ['10.9.0.0/16'] },
      application: { path: '/sessions', port: 'http' },
    },
  },
} as unknown as StickyWorkload;

const container = {
  name: 'app',
  image: 'cart:1',
  ports: [{ name: 'http', containerPort: 8080 }],
  livenessProbe: { httpGet: { path: '/', port: 80 } },
};

/** One hook that the sidecar can call, and one that it cannot. */
const cache = {
  name: 'cache-1',
  image: 'cache:1',
  lifecycle: {
    preStop: { httpGet: { path: '/save', port: 'admin', httpHeaders: [{ name: 'X-Reason', value: '$(bye)' }] } },
  },
  ports: [{ name: 'admin', containerPort: 9000 }],
};
const worker = { name: 'worker', image: 'worker:1', lifecycle: { preStop: { sleep: { seconds: 5 } } } };

const template = (app: string, labels = {}) => ({
  metadata: { labels: { app, ...labels } },
  spec: { containers: [container, cache, worker] },
});

const workloadObject = (kind: 'Deployment' | 'StatefulSet', name: string, labels = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: template(name, labels) },
});

type SeenPod = KubeObject & {
  spec: {
    initContainers?: {
      name: string;
      env?: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[];
    }[];
    containers: object[];
    terminationGracePeriodSeconds: number;
  };
};

// The API server itself compiles the CEL, trusts the authority, applies the patch and validates the pod.
describeWithApi('injection by a real API server', () => {
  const configuration = `holdfast-test-${randomBytes(4).toString('hex')}`;
  const asked: string[] = [];
  let cluster: LiveCluster;
  let shop: string;
  let elsewhere: string;
  const server = createTlsServer(
    createInjectionHandler({
      settings: () => ({
        image: 'holdfast:1',
        imagePullPolicy: 'IfNotPresent',
        caPem: 'pem',
        discoveryHost: 'discovery',
        serverName: 'operator',
        imagePullSecrets: [],
        preferredPort: 15_999,
        discoveryAddresses: [],
      }),
      findWorkload: async ({ namespace, name, ownerReferences: [owner] = [] }) => {
        // The name of a ReplicaSet is that of its Deployment and a hash.
        asked.push(`${namespace}/${owner?.name.replace(/-[^-]+$/, '') ?? name}`);
        return workload;
      },
      randomKey: () => 'key',
      observe: () => undefined,
      clock: systemClock,
      logger: createMemoryLogger(),
    }),
  );

  beforeAll(async () => {
    cluster = connectLive();
    [shop, elsewhere] = await Promise.all([makeNamespace(cluster), makeNamespace(cluster)]);
    const authority = await loadOrCreateAuthority({
      reader: cluster,
      writer: cluster,
      namespace: shop,
      clock: systemClock,
    });
    installLeaf(server, await issueLeaf(authority, ['127.0.0.1'], Date.now()));
    const targets = [
      { namespace: shop, kind: 'Deployment', name: 'cart' },
      { namespace: shop, kind: 'StatefulSet', name: 'desk' },
    ] as const;
    const client = {
      caBundle: Buffer.from(authority.certPem).toString('base64'),
      url: `https://127.0.0.1:${await listen(server)}/inject`,
    };
    await cluster.apply(mutatingWebhookConfigurations, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: configuration },
      webhooks: renderWebhooks([...targets], client),
    });
    // A configuration reaches the admission plugin with a delay: create pods until it has.
    await eventually(async () => {
      const probe = await cluster.create(pods, podOf(elsewhere, 'probe', { 'holdfast.dev/inject': 'true' }));
      await cluster.delete(pods, { namespace: elsewhere, name: 'probe' }, probe.metadata.uid);
      return asked.length > 0;
    }, 20_000);
    asked.length = 0;
  }, 40_000);
  afterAll(async () => {
    await cluster.delete(mutatingWebhookConfigurations, { name: configuration });
    await Promise.all([shop, elsewhere].map((name) => cluster.delete(namespaces, { name })));
    await cluster.close();
    server.closeAllConnections();
    server.close();
  });

  const podOf = (namespace: string, name: string, labels = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { ...template(name).spec, automountServiceAccountToken: false },
  });

  async function podOfApp(namespace: string, app: string): Promise<SeenPod> {
    let found: KubeObject | undefined;
    await eventually(async () => {
      const { items } = await cluster.list(pods, {
        labelSelector: `app=${app}`,
        fieldSelector: `metadata.namespace=${namespace}`,
      });
      [found] = items;
      return found !== undefined;
    });
    return found as SeenPod;
  }

  const inNamespace = (namespace: string, object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  });
  const environmentOf = ({ spec }: SeenPod) =>
    Object.fromEntries(
      (spec.initContainers?.[0]?.env ?? []).map(({ name, value, valueFrom }) => [
        name,
        value ?? valueFrom?.fieldRef.fieldPath,
      ]),
    );
  const sidecars = ({ spec }: SeenPod) => (spec.initContainers ?? []).map(({ name }) => name);

  test('the pods of a target Deployment and of a target StatefulSet are injected and valid', async () => {
    await cluster.create(deployments, inNamespace(shop, workloadObject('Deployment', 'cart')));
    await cluster.create(statefulSets, inNamespace(shop, workloadObject('StatefulSet', 'desk')));
    for (const app of ['cart', 'desk']) {
      const pod = await podOfApp(shop, app);
      expect(sidecars(pod)).toEqual(['holdfast-sidecar']);
      expect(pod.spec).toMatchObject({
        terminationGracePeriodSeconds: 3640,
        containers: [
          {
            lifecycle: { preStop: { httpGet: { path: '/prestop/app', port: 15_999 } } },
            livenessProbe: { terminationGracePeriodSeconds: 30 },
          },
          { lifecycle: { preStop: { httpGet: { path: '/prestop/cache-1', port: 15_999 } } } },
          { lifecycle: { preStop: { sleep: { seconds: 5 } } } },
        ],
        initContainers: [
          {
            restartPolicy: 'Always',
            volumeMounts: expect.arrayContaining([expect.objectContaining({ mountPath: '/var/run/secrets/holdfast' })]),
          },
        ],
      });
      expect(pod.spec.containers[1]).not.toHaveProperty('lifecycle.preStop.httpGet.httpHeaders');
      expect(environmentOf(pod)).toMatchObject({
        HOLDFAST_CONNECTION_PORTS: '8080',
        HOLDFAST_EXCLUDE_CIDRS: '10.9.0.0/16',
        HOLDFAST_APPLICATION_PORT: '8080',
        HOLDFAST_POD_IP: 'status.podIP',
        HOLDFAST_HOST_IPS: 'status.hostIPs',
        'HOLDFAST_PRE_STOP_cache-1':
          '{"scheme":"HTTP","port":9000,"path":"/save","headers":[{"name":"X-Reason","value":"$$(bye)"}]}',
      });
    }
  }, 20_000);

  test("the webhook is not called for a Deployment with a target's name as prefix, nor for a pod without a controller", async () => {
    await cluster.create(deployments, inNamespace(shop, workloadObject('Deployment', 'cart-v2')));
    expect(sidecars(await podOfApp(shop, 'cart-v2'))).toEqual([]);
    await cluster.create(pods, podOf(shop, 'alone'));
    expect(asked.filter((one) => one === `${shop}/cart-v2` || one === `${shop}/alone`)).toEqual([]);
  }, 20_000);

  test('the webhook is called in other namespaces only for pods with the label', async () => {
    await cluster.create(deployments, inNamespace(elsewhere, workloadObject('Deployment', 'cart')));
    await cluster.create(
      deployments,
      inNamespace(elsewhere, workloadObject('Deployment', 'early', { 'holdfast.dev/inject': 'true' })),
    );
    expect(sidecars(await podOfApp(elsewhere, 'cart'))).toEqual([]);
    expect(sidecars(await podOfApp(elsewhere, 'early'))).toEqual(['holdfast-sidecar']);
    expect(asked).not.toContain(`${elsewhere}/cart`);
  }, 20_000);
});
