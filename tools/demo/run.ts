/** The demo from its first to its last line: Holdfast is installed, a shop opens, customers arrive, and an autoscaler scales. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/platform/clock.ts';
import { untilAborted } from '../../src/platform/shutdown.ts';
import type { Address, DemoCluster } from './demo-cluster.ts';
import type { DemoOptions } from './options.ts';
import { startPageApi, type PageApi } from './page-api.ts';
import {
  readAdminAddresses,
  readDeployment,
  readEndpoints,
  readMissingImages,
  readPods,
  readWorkload,
} from './queries.ts';
import { runScenario, startRegulars, type Scenario, type ScenarioEnvironment } from './scenario.ts';
import { mostPods, operatorRef, readInstallation, readShop, shopName } from './shop.ts';
import { addSessions, noSessions, type DemoSessions } from './state.ts';
import type { TerminalView } from './view/terminal.ts';

/** `stopped`: by Ctrl-C. */
export type DemoIo = { print: (text: string) => void; createView: () => TerminalView; stopped: AbortSignal };

/** Starts or connects the demo's cluster. `customers`: their current number. */
export type OpenCluster = (customers: () => number) => Promise<DemoCluster>;

/** `sessions`: what the shop's page reports. */
type Demo = DemoIo & {
  options: DemoOptions;
  cluster: DemoCluster;
  pageApi: PageApi;
  setDemand: ScenarioEnvironment['setDemand'];
  reportSessions: (read: () => DemoSessions) => void;
};

const plainNamespace = 'plain';
const readyLimitMs = { local: 60_000, elsewhere: 180_000 };

/** Returns the sessions with Holdfast. */
export async function runDemo(options: DemoOptions, openCluster: OpenCluster, io: DemoIo): Promise<DemoSessions> {
  // Until customers arrive the autoscaler sees their expected number, so that they find five pods.
  const expected = () => options.sessions;
  let customers = expected;
  let sessions = () => noSessions;
  const cluster = await openCluster(() => customers());
  try {
    const pageApi = await startPageApi({
      read: () => ({
        wantedReplicas: readDeployment(cluster, cluster.namespace)?.spec.replicas ?? 0,
        pods: readPods(cluster, cluster.namespace, Date.now()),
        sessions: sessions(),
      }),
      scale: (replicas) => cluster.scale(cluster.namespace, replicas),
    });
    const setDemand: Demo['setDemand'] = (count) => (customers = count ?? expected);
    const reportSessions: Demo['reportSessions'] = (read) => (sessions = read);
    try {
      return await runOn({ ...io, options, cluster, pageApi, setDemand, reportSessions });
    } finally {
      await pageApi.close();
    }
  } finally {
    await cluster.stop();
  }
}

async function runOn(demo: Demo): Promise<DemoSessions> {
  const { cluster, options, pageApi, print, stopped } = demo;
  print('starting the operator, its proxies and a shop of five pods');
  // First, because it may exist already: of a demo that runs, or of one that was killed.
  await createNamespace(demo, cluster.namespace);
  await install(demo);
  const target = await openShop(demo, { sticky: true, namespace: cluster.namespace });
  pageApi.allow(originOf(target));
  print(`the page of the shop: ${originOf(target)}/`);
  const scenario = buildScenario(demo, { name: 'Holdfast', namespace: cluster.namespace, target });
  const sessions = await perform(demo, scenario);
  if (options.keep) return addSessions(sessions, await keep(demo, scenario, sessions));
  if (!cluster.isLocal) {
    print('to compare with Kubernetes alone, run the demo without --context');
  } else if (!stopped.aborted) await runWithoutHoldfast(demo);
  return sessions;
}

async function install(demo: Demo): Promise<void> {
  const { cluster } = demo;
  await cluster.install(await readInstallation());
  // As `kubectl rollout status`: pods that start earlier would have no sidecar.
  const isReady = () => {
    const operator = readDeployment(cluster, operatorRef.namespace, operatorRef.name);
    return (operator?.spec.replicas ?? 0) > 0 && operator?.status?.readyReplicas === operator?.spec.replicas;
  };
  await until('the operator is not ready', () => isReady() || undefined, {
    ...demo,
    namespace: operatorRef.namespace,
  });
}

const createNamespace = ({ cluster }: Demo, name: string): Promise<void> =>
  cluster.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }]);

async function openShop(demo: Demo, { sticky, namespace }: { sticky: boolean; namespace: string }): Promise<Address> {
  const { cluster, options, pageApi } = demo;
  await cluster.create(await readShop({ sticky, demoUrl: pageApi.url }), namespace);
  await cluster.autoscale(namespace, Math.ceil(options.sessions / mostPods));
  // Pods that clients can reach: the Deployment counts a pod as ready before its Service routes to it.
  const accepting = () =>
    sticky
      ? readWorkload(cluster, namespace)?.status?.acceptingReplicas
      : readEndpoints(cluster, { namespace, name: shopName }).length;
  // The Deployment has to be known, too: the first frame shows its replicas.
  const ready = () => accepting() === mostPods && readDeployment(cluster, namespace) !== undefined;
  await until('the pods of the shop are not ready', () => ready() || undefined, { ...demo, namespace });
  const service = sticky
    ? { namespace, name: 'holdfast-holdfast', port: 80 }
    : { namespace, name: shopName, port: 8080 };
  return until('the shop cannot be reached', () => cluster.addressOf(service), { ...demo, namespace });
}

/** `namespace`: of the pods that are waited for. */
type Waiting = Pick<Demo, 'cluster' | 'stopped'> & { namespace: string };

async function until<T>(problem: string, read: () => T | undefined, waiting: Waiting): Promise<T> {
  const { cluster, namespace, stopped } = waiting;
  const limitMs = cluster.isLocal ? readyLimitMs.local : readyLimitMs.elsewhere;
  const endMs = Date.now() + limitMs;
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    stopped.throwIfAborted();
    const missing = readMissingImages(cluster, namespace);
    if (missing.length > 0) {
      throw new Error(
        `the cluster does not have the image ${missing.join(' and ')}: build it and load it into the cluster, as "Install on a cluster" in the README describes`,
      );
    }
    const advice = cluster.isLocal
      ? 'The machine may be busy or short of memory: the demo needs 1.4 GB.'
      : `See the reason with: ${cluster.kubectl} get pods,events -n ${namespace}`;
    if (Date.now() > endMs) throw new Error(`${problem} after ${limitMs / 1000} s. ${advice}`);
    await delay(50);
  }
}

function buildScenario(
  { cluster, options: { seed, sessions, durationMs } }: Demo,
  { name, namespace, target }: { name: string; namespace: string; target: Address },
): Scenario {
  const title = `${name}: ${sessions} customers, ${cluster.scaler} between 2 and 5 pods`;
  return { title, namespace, target, seed, sessions, durationMs };
}

/** Runs the scenario and shows it. The terminal is restored however it ends. */
async function perform(demo: Demo, scenario: Scenario): Promise<DemoSessions> {
  const view = demo.createView();
  const show: ScenarioEnvironment['show'] = (state) => {
    view.show(state);
    demo.reportSessions(() => state.sessions);
  };
  try {
    return await runScenario(scenario, { ...demo, clock: systemClock, show });
  } finally {
    view.close([]);
  }
}

export const formatSessions = ({ started, ended, lost }: DemoSessions): string =>
  `sessions: ${started} started, ${ended} ended, ${lost} lost`;

/** The same customers, autoscaler and pods without Holdfast: what Kubernetes alone does. */
async function runWithoutHoldfast(demo: Demo): Promise<void> {
  demo.print('the same customers without Holdfast: a Service with sessionAffinity ClientIP');
  await createNamespace(demo, plainNamespace);
  const target = await openShop(demo, { sticky: false, namespace: plainNamespace });
  const sessions = await perform(
    demo,
    buildScenario(demo, { name: 'Kubernetes alone', namespace: plainNamespace, target }),
  );
  demo.print(`without Holdfast, ${formatSessions(sessions)}`);
}

const originOf = ({ host, port }: Address): string => new URL(`http://${host}:${port}`).origin;

/** Keeps the shop open until Ctrl-C. Returns the sessions of its regulars; `before`: those of the scenario. */
async function keep(demo: Demo, scenario: Scenario, before: DemoSessions): Promise<DemoSessions> {
  const { cluster, print, stopped, reportSessions } = demo;
  const { kubectl, namespace } = cluster;
  if (stopped.aborted) return noSessions;
  const regulars = startRegulars(scenario, { ...demo, clock: systemClock, show: () => undefined });
  reportSessions(() => addSessions(before, regulars.sessions()));
  const admin = cluster.isLocal
    ? [
        ...readAdminAddresses(cluster, operatorRef.namespace, 'operator'),
        ...readAdminAddresses(cluster, namespace, 'proxy'),
      ]
    : [`${kubectl} port-forward -n ${operatorRef.namespace} deployment/${operatorRef.name} 9090`];
  print('\nRunning until Ctrl-C. Regular customers keep coming.');
  print(`  the shop    ${originOf(scenario.target)}/  (shows all pods, and scales)`);
  print(`  kubectl     ${kubectl} get sw -n ${namespace} -w`);
  print(`  events      ${kubectl} events -n ${namespace} --for sw/${shopName}`);
  for (const [index, address] of admin.entries()) print(`  ${index === 0 ? 'metrics   ' : '          '}  ${address}`);
  await untilAborted(stopped);
  return regulars.stop();
}
