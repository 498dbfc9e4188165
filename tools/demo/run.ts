/** The demo from its first to its last line: Holdfast is installed, a shop opens, customers come, and somebody scales. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/platform/clock.ts';
import { untilAborted } from '../../src/platform/shutdown.ts';
import { runScenario, type Scenario, type ScenarioEnvironment } from './scenario.ts';
import type { Address, DemoCluster } from './demo-cluster.ts';
import {
  readAdminAddresses,
  readDeployment,
  readEndpoints,
  readMissingImages,
  readPods,
  readWorkload,
} from './queries.ts';
import type { DemoOptions } from './options.ts';
import { startScaleServer, type ScaleServer } from './scale-server.ts';
import { mostPods, operatorRef, readInstallation, readShop, shopName } from './shop.ts';
import type { DemoSessions } from './state.ts';
import type { TerminalView } from './view/terminal.ts';

/** `stopped`: by Ctrl-C. */
export type Tools = { print: (text: string) => void; createView: () => TerminalView; stopped: AbortSignal };

/** The cluster that it plays on, made by whoever knows how. `customers`: how many there are at the moment. */
export type OpenCluster = (customers: () => number) => Promise<DemoCluster>;

const plainNamespace = 'plain';
const readyLimitMs = { local: 60_000, elsewhere: 180_000 };

/** Answers what became of the sessions with Holdfast. */
export async function runDemo(options: DemoOptions, openCluster: OpenCluster, tools: Tools): Promise<DemoSessions> {
  // Before customers come the autoscaler is told that they are there, so that they find five pods.
  const expected = () => options.sessions;
  let customers = expected;
  const cluster = await openCluster(() => customers());
  const setDemand: ScenarioEnvironment['setDemand'] = (count) => (customers = count ?? expected);
  try {
    return await playWithPage({ cluster, setDemand, ...tools }, options);
  } finally {
    await cluster.stop();
  }
}

async function playWithPage(world: Omit<World, 'page'>, options: DemoOptions): Promise<DemoSessions> {
  const { cluster } = world;
  const page = await startScaleServer({
    read: () => ({
      wantedReplicas: readDeployment(cluster, cluster.namespace)?.spec.replicas ?? 0,
      pods: readPods(cluster, cluster.namespace, Date.now()),
    }),
    scale: (replicas) => cluster.scale(cluster.namespace, replicas),
  });
  try {
    return await playOn({ ...world, page }, options);
  } finally {
    await page.close();
  }
}

type World = Tools & { cluster: DemoCluster; page: ScaleServer; setDemand: ScenarioEnvironment['setDemand'] };

async function playOn(world: World, options: DemoOptions): Promise<DemoSessions> {
  const { cluster, page, print, stopped } = world;
  print('starting the operator, its proxies and a shop of five pods');
  // First, as it may be there already: a demo that runs, or one that was killed.
  await createNamespace(world, cluster.namespace);
  await install(world);
  const target = await openShop(world, { sticky: true, namespace: cluster.namespace, sessions: options.sessions });
  page.allow(originOf(target));
  const held = await perform(
    world,
    {
      title: `Holdfast: ${options.sessions} customers, ${cluster.scaler} between two pods and five`,
      namespace: cluster.namespace,
      target,
    },
    options,
  );
  if (options.keep) await keep(world, target);
  else if (!cluster.isLocal) {
    print(
      'what Kubernetes alone does with the same customers is shown by the demo on a cluster of its own: npm run demo',
    );
  } else if (!stopped.aborted) await contrast(world, options);
  return held;
}

async function install({ cluster, ...world }: World): Promise<void> {
  await cluster.install(await readInstallation());
  // As `kubectl rollout status`: pods that start before it would have no sidecar.
  const isReady = () => {
    const operator = readDeployment(cluster, operatorRef.namespace, operatorRef.name);
    return (operator?.spec.replicas ?? 0) > 0 && operator?.status?.readyReplicas === operator?.spec.replicas;
  };
  await until('the operator is ready', () => isReady() || undefined, {
    ...world,
    cluster,
    namespace: operatorRef.namespace,
  });
}

const createNamespace = ({ cluster }: World, name: string): Promise<void> =>
  cluster.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }]);

async function openShop(
  world: World,
  { sticky, namespace, sessions }: { sticky: boolean; namespace: string; sessions: number },
): Promise<Address> {
  const { cluster, page } = world;
  await cluster.create(await readShop({ sticky, scaleUrl: page.url }), namespace);
  await cluster.autoscale(namespace, Math.ceil(sessions / mostPods));
  // Those that a client could get: the Deployment counts pods as ready that its Service does not lead to yet.
  const accepting = () =>
    sticky
      ? readWorkload(cluster, namespace)?.status?.acceptingReplicas
      : readEndpoints(cluster, { namespace, name: shopName }).length;
  // The Deployment, too, has to be known: the first picture shows how many pods are wanted.
  const ready = () => accepting() === mostPods && readDeployment(cluster, namespace) !== undefined;
  await until('the pods of the shop are ready', () => ready() || undefined, { ...world, namespace });
  const service = sticky
    ? { namespace, name: 'holdfast-holdfast', port: 80 }
    : { namespace, name: shopName, port: 8080 };
  return until('the shop can be reached', () => cluster.addressOf(service), { ...world, namespace });
}

/** `namespace`: where what is waited for has its pods. */
type Waiting = Pick<World, 'cluster' | 'stopped'> & { namespace: string };

async function until<T>(what: string, read: () => T | undefined, { cluster, namespace, stopped }: Waiting): Promise<T> {
  const limitMs = cluster.isLocal ? readyLimitMs.local : readyLimitMs.elsewhere;
  const endMs = Date.now() + limitMs;
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    stopped.throwIfAborted();
    const missing = readMissingImages(cluster, namespace);
    if (missing.length > 0) {
      throw new Error(
        `the cluster does not have the image ${missing.join(' and ')}: build it and bring it there, as "Install on a cluster" of the README says`,
      );
    }
    const why = cluster.isLocal
      ? 'Is the machine very busy, or out of memory? The demo needs 1.4 GB.'
      : `Look at it with: ${cluster.kubectl} get pods,events -n ${namespace}`;
    if (Date.now() > endMs) throw new Error(`${what}: not within ${limitMs / 1000} s. ${why}`);
    await delay(50);
  }
}

/** Plays, and shows it. The terminal is given back however the scenario ends. */
async function perform(
  { cluster, setDemand, createView, stopped }: World,
  scenario: Pick<Scenario, 'title' | 'namespace' | 'target'>,
  options: DemoOptions,
): Promise<DemoSessions> {
  const { seed, sessions, durationMs } = options;
  const view = createView();
  try {
    const show: ScenarioEnvironment['show'] = (state) => {
      view.show(state);
    };
    return await runScenario(
      { ...scenario, seed, sessions, durationMs },
      { cluster, clock: systemClock, setDemand, show, stopped },
    );
  } finally {
    view.close([]);
  }
}

export const formatSessions = ({ started, ended, lost }: DemoSessions): string =>
  `sessions: ${started} started, ${ended} ended, ${lost} lost`;

/** The same customers, autoscaler and pods, without Holdfast: what Kubernetes alone does. */
async function contrast(world: World, options: DemoOptions): Promise<void> {
  const { cluster, print } = world;
  print('the same once more without Holdfast: a Service with sessionAffinity ClientIP');
  await createNamespace(world, plainNamespace);
  const target = await openShop(world, { sticky: false, namespace: plainNamespace, sessions: options.sessions });
  const title = `Kubernetes alone: ${options.sessions} customers, ${cluster.scaler} between two pods and five`;
  const cut = await perform(world, { title, namespace: plainNamespace, target }, options);
  print(`without Holdfast, ${formatSessions(cut)}`);
}

const originOf = ({ host, port }: Address): string => new URL(`http://${host}:${port}`).origin;

async function keep({ cluster, print, stopped }: World, target: Address): Promise<void> {
  const { kubectl, namespace } = cluster;
  const admin = cluster.isLocal
    ? [
        ...readAdminAddresses(cluster, operatorRef.namespace, 'operator'),
        ...readAdminAddresses(cluster, namespace, 'proxy'),
      ]
    : [`${kubectl} port-forward -n ${operatorRef.namespace} deployment/${operatorRef.name} 9090`];
  print('\nIt runs until Ctrl-C.');
  print(`  the shop    ${originOf(target)}/  (shows your pod, and scales)`);
  print(`  kubectl     ${kubectl} get sw -n ${namespace} -w`);
  print(`  events      ${kubectl} events -n ${namespace} --for sw/${shopName}`);
  for (const [index, address] of admin.entries()) print(`  ${index === 0 ? 'metrics   ' : '          '}  ${address}`);
  await untilAborted(stopped);
}
