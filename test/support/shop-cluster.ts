/** The example shop on a whole cluster, installed and scaled as in the README. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { parseAllDocuments } from 'yaml';
import { fetchOnce } from './fetch-once.ts';
import { kubectl, kubectlInput, until } from './kubectl.ts';
import { conditionOf, getObject, listObjects, type LiveObject } from './objects.ts';
import type { LoadOptions } from '../../tools/demo/customers/load.ts';
import { formatSummary, summarize, type Summary, type SessionLog } from '../../tools/demo/customers/session-log.ts';

export type Shop = { namespace: string; host: string };

export type ShopOptions = {
  replicas?: number;
  /** Default: Deployment. */
  kind?: 'Deployment' | 'StatefulSet';
  /** Variables of the shop's container besides those of the sample. */
  env?: object[];
  /** Fields of the StickyWorkload's spec besides targetRef. */
  spec?: object;
  /** Fields of the shop's container besides those of the sample. */
  container?: object;
  /** Fields of the pod besides its containers. */
  pod?: object;
  /** The spec of a HoldfastProxy for the shop's proxies. */
  proxy?: object;
  /** The StickyWorkload and the Deployment; default: those of the shop. */
  sample?: string;
  /** Other objects of the namespace, created before the shop. */
  objects?: object[];
  /** The Deployment before its StickyWorkload, as Helm and Argo CD apply them. */
  order?: 'WorkloadFirst' | 'DeploymentFirst';
};

/** The port of the shop's switches: on the addresses of its pods, in no Service. */
export const controlPort = 8081;

type Sample = {
  deployment: LiveObject & {
    spec: {
      replicas: number;
      template: { spec: { containers: [{ env: object[]; resources: { requests: object } }] } };
    };
  };
  workload: LiveObject;
};

/** Installs the operator, as a user does. It is idempotent. */
export async function installHoldfast(): Promise<void> {
  await kubectl('apply', '-k', 'manifests/base');
  await kubectl('-n', 'holdfast-system', 'rollout', 'status', 'deployment/holdfast-operator', '--timeout=120s');
}

/** Creates the sample in a namespace of its own. Resolves when it is ready. */
export async function openShop(namespace: string, options: ShopOptions = {}): Promise<Shop> {
  const { replicas = 5, objects = [], proxy, order = 'WorkloadFirst' } = options;
  await kubectl('create', 'namespace', namespace);
  const [workload, deployment] = await renderShop(options);
  const before = [...objects, ...(proxy ? [holdfastProxy(proxy)] : [])];
  if (order === 'WorkloadFirst') await applyIn(namespace, [...before, workload, deployment]);
  else {
    await applyIn(namespace, [...before, deployment]);
    await until('the ReplicaSet', async () => (await listObjects('replicasets', namespace)).length > 0);
    await applyIn(namespace, [workload]);
  }
  await untilReady(namespace, replicas);
  const host = await proxyAddress(namespace);
  // Ready says that the proxies and the pods are; the Service reaches them once kube-proxy has programmed the node.
  await until('the Service accepting connections', () => accepts(host, 80));
  return { namespace, host };
}

const proxyObject = 'proxies';

const holdfastProxy = (spec: object): object => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'HoldfastProxy',
  metadata: { name: proxyObject },
  spec,
});

const applyIn = (namespace: string, items: object[]): Promise<string> =>
  kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-n', namespace, '-f', '-');

/** Whether a connection is accepted. A request would begin a session. */
export async function accepts(host: string, port: number): Promise<true> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** The sample's 10m is a share of the processor by which a shop has none for ten seconds at a time while ten scenarios run beside it. */
const sharedCpu = '30m';

/** StickyWorkload and Deployment. */
export async function renderShop(options: ShopOptions): Promise<[object, object]> {
  const { replicas = 5, spec = {}, container = {}, pod = {}, proxy, sample = 'manifests/samples/cart.yaml' } = options;
  const { kind = 'Deployment', env: more = [] } = options;
  const { workload, deployment } = await readSample(sample);
  const podSpec = deployment.spec.template.spec;
  const [shop] = podSpec.containers;
  const env = [...shop.env, ...more, { name: 'CONTROL_PORT', value: String(controlPort) }];
  const resources = { requests: { ...shop.resources.requests, cpu: sharedCpu } };
  Object.assign(podSpec, pod, { containers: [{ ...shop, env, resources, ...container }] });
  Object.assign(deployment, { kind });
  Object.assign(deployment.spec, { replicas });
  Object.assign(
    workload.spec ?? {},
    { targetRef: { kind, name: deployment.metadata.name } },
    spec,
    proxy && { dataplane: { parametersRef: { name: proxyObject } } },
  );
  return [workload, deployment];
}

async function readSample(file: string): Promise<Sample> {
  const [workload, deployment] = parseAllDocuments(await readFile(file, 'utf8')).map(
    (document) => document.toJS() as unknown,
  );
  return { workload, deployment } as Sample;
}

/** The address of the Service that clients use. */
export const proxyAddress = async (namespace: string): Promise<string> =>
  String((await getObject('service', 'holdfast-holdfast', namespace))?.spec?.['clusterIP']);

/** On an idle machine this takes less than 30 s, as another test shows; here many shops may start at the same time. */
export async function untilReady(namespace: string, accepting: number, limitMs = 120_000): Promise<void> {
  await until(
    `cart ready with ${accepting} accepting`,
    async () => {
      const workload = await getWorkload(namespace);
      const ready = conditionOf(workload, 'Ready');
      const replicas = workload?.status?.['acceptingReplicas'];
      if (ready?.status === 'True' && replicas === accepting) return true;
      throw new Error(`${String(replicas)} accepting, Ready ${ready?.status}, ${ready?.reason}: ${ready?.message}`);
    },
    limitMs,
  );
}

export const getWorkload = (namespace: string): Promise<LiveObject | undefined> =>
  getObject('stickyworkload', 'cart', namespace);

export const untilDraining = (namespace: string, pods: number): Promise<true> =>
  until(
    `${pods} pods draining`,
    async () => ((await getWorkload(namespace))?.status?.['drainingReplicas'] === pods ? (true as const) : undefined),
    30_000,
  );

export const scale = (namespace: string, replicas: number): Promise<string> =>
  kubectl('-n', namespace, 'scale', 'deployment/cart', `--replicas=${replicas}`);

export const appPods = (namespace: string) => listObjects('pods', namespace, 'app=cart');
export const proxyPods = (namespace: string) => listObjects('pods', namespace, 'app.kubernetes.io/component=proxy');

/** Waits until this many pods are left, none of them terminating. */
export const untilSettled = (namespace: string, replicas: number, limitMs = 120_000): Promise<true> =>
  until(
    `${replicas} pods, none terminating`,
    async () => {
      const pods = await appPods(namespace);
      return pods.length === replicas && pods.every(({ metadata }) => metadata.deletionTimestamp === undefined)
        ? (true as const)
        : undefined;
    },
    limitMs,
  );

/** Sets a switch of one shop. */
export async function flip(pod: LiveObject, path: string): Promise<void> {
  const response = await fetchOnce(`http://${String(pod.status?.['podIP'])}:${controlPort}${path}`, { method: 'POST' });
  if (!response.ok) throw new Error(`POST ${path} at ${pod.metadata.name}: ${response.status}`);
}

/**
 * Deletes the shop, its pods first: the namespace controller of Kubernetes retries a namespace that contains pods
 * only after half of their termination grace period, which here is half an hour.
 */
export async function closeShop(namespace: string): Promise<void> {
  await kubectl('-n', namespace, 'delete', 'deployment,statefulset', 'cart', '--ignore-not-found');
  await until('no pod of the app', async () => (await appPods(namespace)).length === 0, 120_000);
  await kubectl('-n', namespace, 'delete', 'stickyworkload', 'cart', '--ignore-not-found');
  await until('no pod at all', async () => (await listObjects('pods', namespace)).length === 0, 120_000);
  await kubectl('delete', 'namespace', namespace);
}

/** The common load of these tests: sessions of 8 s on average, a fifth of them WebSockets, some with Server-Sent Events. */
export const loadOn = ({ host }: Shop, run: string, seed: number): LoadOptions => ({
  run,
  seed,
  target: { host, port: 80 },
  sessions: 100,
  webSockets: 20,
  eventStreams: 8,
  meanLifeMs: 8000,
  thinkTimeMs: 300,
});

/** Prints the summary of the run as one line of JSON, and returns it. */
export function report(sessionLog: SessionLog, terminatingSinceMs?: ReadonlyMap<string, number>): Summary {
  const summary = summarize(sessionLog, terminatingSinceMs);
  process.stdout.write(`${formatSummary(summary)}\n`);
  return summary;
}
