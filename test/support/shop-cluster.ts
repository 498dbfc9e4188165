/** The example shop on a whole cluster, installed and scaled as the README says. */
import { readFile } from 'node:fs/promises';
import { conditionOf, getObject, kubectl, kubectlInput, listObjects, until } from './kubectl.ts';
import type { LoadOptions } from './load.ts';
import { formatSummary, summarize, type Summary, type Truth } from './truth.ts';

export type Shop = { namespace: string; host: string };

/** Installs the operator, as `kubectl apply -k manifests/base` does for anybody. Doing it again is harmless. */
export async function installHoldfast(): Promise<void> {
  await kubectl('apply', '-k', 'manifests/base');
  await kubectl('-n', 'holdfast-system', 'rollout', 'status', 'deployment/holdfast-operator', '--timeout=120s');
}

/** The sample in a namespace of its own; `drain` changes the limits of its StickyWorkload. Answers when it is ready. */
export async function openShop(namespace: string, options: { drain?: object; replicas?: number } = {}): Promise<Shop> {
  await kubectl('create', 'namespace', namespace);
  const [workload = '', deployment = ''] = (await readFile('manifests/samples/cart.yaml', 'utf8')).split(/^---$/m);
  const replicas = options.replicas ?? 5;
  const limits = options.drain ? `  drain: ${JSON.stringify(options.drain)}\n` : '';
  await kubectlInput(`${workload}${limits}---${deployment.replace('replicas: 5', `replicas: ${replicas}`)}`, 'apply', '-n', namespace, '-f', '-');
  await untilReady(namespace, replicas);
  const service = await getObject('service', 'holdfast-holdfast', namespace);
  return { namespace, host: String(service?.spec?.['clusterIP']) };
}

/** Within 30 s, as promised. */
export async function untilReady(namespace: string, accepting: number): Promise<void> {
  await until(
    `cart ready with ${accepting} accepting`,
    async () => {
      const workload = await getObject('stickyworkload', 'cart', namespace);
      return conditionOf(workload, 'Ready')?.status === 'True' && workload?.status?.['acceptingReplicas'] === accepting;
    },
    30_000,
  );
}

export const scale = (namespace: string, replicas: number): Promise<string> => kubectl('-n', namespace, 'scale', 'deployment/cart', `--replicas=${replicas}`);

export const appPods = (namespace: string) => listObjects('pods', namespace, 'app=cart');

/** Only pods that nobody has deleted are left, as many as these. */
export const untilSettled = (namespace: string, replicas: number, limitMs = 120_000): Promise<true> =>
  until(
    `${replicas} pods, none terminating`,
    async () => {
      const pods = await appPods(namespace);
      return pods.length === replicas && pods.every(({ metadata }) => metadata.deletionTimestamp === undefined) ? (true as const) : undefined;
    },
    limitMs,
  );

/**
 * Takes the shop down in order. Its pods first: the namespace controller of Kubernetes comes back to a namespace with pods in it
 * only after half of their termination grace, which here is half an hour.
 */
export async function closeShop(namespace: string): Promise<void> {
  await kubectl('-n', namespace, 'delete', 'deployment', 'cart', '--ignore-not-found');
  await until('no pod of the app', async () => (await appPods(namespace)).length === 0, 120_000);
  await kubectl('-n', namespace, 'delete', 'stickyworkload', 'cart', '--ignore-not-found');
  await until('no pod at all', async () => (await listObjects('pods', namespace)).length === 0, 120_000);
  await kubectl('delete', 'namespace', namespace);
}

/** What the load of these tests has in common: sessions of 8 s in the mean, a fifth of them WebSockets. */
export const loadOn = ({ host }: Shop, run: string, seed: number): LoadOptions => ({
  run,
  seed,
  target: { host, port: 80 },
  sessions: 100,
  webSockets: 20,
  meanLifeMs: 8000,
  thinkTimeMs: 300,
});

/** Prints the run as its one line of JSON, and answers it. */
export function report(truth: Truth, terminatingSinceMs?: ReadonlyMap<string, number>): Summary {
  const summary = summarize(truth, terminatingSinceMs);
  process.stdout.write(`${formatSummary(summary)}\n`);
  return summary;
}
