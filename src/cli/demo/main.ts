/** `holdfast demo`: the real operator, proxies, sidecars and pods on a cluster of this process, and customers whose word counts. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import { abortOnSignal } from '../../platform/shutdown.ts';
import { playAct, type Act, type Stage } from './act.ts';
import type { Address, DemoCluster } from './demo-cluster.ts';
import { startLocalCluster } from './local-cluster.ts';
import { readAdminAddresses, readDeployment, readWorkload } from './look.ts';
import { parseDemoOptions, type DemoOptions } from './options.ts';
import { claimDemo } from './single.ts';
import { mostPods, readInstallation, readShop, shopName } from './shop.ts';
import type { DemoSessions } from './state.ts';
import { createTerminalView } from './view/terminal.ts';

const stickyNamespace = 'shop';
const plainNamespace = 'plain';
const readyLimitMs = 60_000;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function until<T>(what: string, read: () => T | undefined, stopped: AbortSignal): Promise<T> {
  const endMs = Date.now() + readyLimitMs;
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    stopped.throwIfAborted();
    if (Date.now() > endMs) throw new Error(`${what}: not within ${readyLimitMs / 1000} s. Is the machine very busy, or out of memory? The demo needs about 1 GB.`);
    await delay(50);
  }
}

async function install(cluster: DemoCluster, stopped: AbortSignal): Promise<void> {
  await cluster.create(await readInstallation());
  // As `kubectl rollout status`: pods that start before it would have no sidecar.
  await until('the operator is ready', () => readDeployment(cluster, 'holdfast-system', 'holdfast-operator')?.status?.readyReplicas === 2 || undefined, stopped);
}

async function openShop(cluster: DemoCluster, { sticky, sessions }: { sticky: boolean; sessions: number }, stopped: AbortSignal): Promise<Address> {
  const namespace = sticky ? stickyNamespace : plainNamespace;
  await cluster.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  await cluster.create(await readShop({ sticky, customersPerPod: Math.ceil(sessions / mostPods) }), namespace);
  const ready = () => (sticky ? readWorkload(cluster, namespace)?.status?.acceptingReplicas : readDeployment(cluster, namespace)?.status?.readyReplicas);
  await until('the pods of the shop are ready', () => ready() === mostPods || undefined, stopped);
  const service = sticky ? { namespace, name: 'holdfast-holdfast', port: 80 } : { namespace, name: shopName, port: 8080 };
  return until('the shop can be reached', () => cluster.addressOf(service), stopped);
}

const createView = ({ plain }: DemoOptions) => {
  const { NO_COLOR: noColor, TERM: terminal } = process.env;
  return createTerminalView(process.stdout, { plain: plain || terminal === 'dumb', color: noColor === undefined, startedAtMs: Date.now() });
};

/** Plays, and shows it. The terminal is given back however the act ends. */
async function perform(act: Act, stage: Omit<Stage, 'show'>, options: DemoOptions): Promise<DemoSessions> {
  const view = createView(options);
  try {
    const show: Stage['show'] = (state) => {
      view.show(state);
    };
    return await playAct(act, { ...stage, show });
  } finally {
    view.close([]);
  }
}

const tell = ({ started, ended, lost }: DemoSessions): string => `sessions: ${started} started, ${ended} ended, ${lost} lost`;

async function play(options: DemoOptions, stopped: AbortSignal): Promise<number> {
  const { seed, sessions, durationMs } = options;
  // Before customers come the autoscaler is told that they are there, so that they find five pods.
  const expected = () => sessions;
  let demand = expected;
  const cluster = await startLocalCluster(() => demand());
  try {
    say('starting the operator, its proxies and a shop of five pods');
    await install(cluster, stopped);
    const target = await openShop(cluster, { sticky: true, sessions }, stopped);
    const stage = { cluster, clock: systemClock, setDemand: (count: (() => number) | undefined) => (demand = count ?? expected), stopped };
    const title = `Holdfast: ${sessions} customers, an autoscaler between two pods and five`;
    const held = await perform({ title, namespace: stickyNamespace, target, seed, sessions, durationMs }, stage, options);
    if (options.keep) await keep(cluster, target, stopped);
    else if (!stopped.aborted) await contrast(cluster, options, stage);
    say(tell(held));
    return held.lost === 0 ? 0 : 1;
  } finally {
    await cluster.stop();
  }
}

/** The same customers, autoscaler and pods, without Holdfast: what Kubernetes alone does. */
async function contrast(cluster: DemoCluster, options: DemoOptions, stage: Omit<Stage, 'show'>): Promise<void> {
  const { seed, sessions, durationMs } = options;
  say('the same once more without Holdfast: a Service with sessionAffinity ClientIP');
  const target = await openShop(cluster, { sticky: false, sessions }, stage.stopped);
  const title = `Kubernetes alone: ${sessions} customers, an autoscaler between two pods and five`;
  const cut = await perform({ title, namespace: plainNamespace, target, seed, sessions, durationMs }, stage, options);
  say(`without Holdfast, ${tell(cut)}`);
}

async function keep(cluster: DemoCluster, { host, port }: Address, stopped: AbortSignal): Promise<void> {
  const admin = [...readAdminAddresses(cluster, 'holdfast-system', 'operator'), ...readAdminAddresses(cluster, stickyNamespace, 'proxy')];
  say('\nIt runs until Ctrl-C.');
  say(`  the shop    http://${host}:${port}/`);
  say(`  kubectl     export KUBECONFIG=${cluster.kubeconfigFile}`);
  say(`  try         kubectl get sw -n ${stickyNamespace} -w`);
  say(`              kubectl delete hpa ${shopName} -n ${stickyNamespace}; kubectl scale deployment/${shopName} -n ${stickyNamespace} --replicas=5`);
  for (const [index, address] of admin.entries()) say(`  ${index === 0 ? 'metrics   ' : '          '}  ${address}`);
  await new Promise<void>((resolve) => {
    if (stopped.aborted) resolve();
    stopped.addEventListener('abort', () => {
      resolve();
    });
  });
}

// Nobody reads any more, as after `| head`: what runs is ended all the same.
process.stdout.on('error', () => process.kill(process.pid, 'SIGTERM'));

const parsed = parseDemoOptions(process.argv.slice(3));
if (parsed.kind === 'wrong') {
  process.stderr.write(`holdfast demo: ${parsed.problem}; "holdfast demo --help" lists the options\n`);
  process.exitCode = 2;
} else {
  const stopped = abortOnSignal(process);
  try {
    const release = claimDemo();
    try {
      process.exitCode = await play(parsed.options, stopped);
    } finally {
      release();
    }
  } catch (error) {
    if (!stopped.aborted) process.stderr.write(`holdfast demo: ${describeError(error)}\n`);
    process.exitCode = 1;
  }
  // A Ctrl-C is no failure of what was seen so far, but nobody asked for it to be called a success.
  process.exit(stopped.aborted && !parsed.options.keep ? 130 : process.exitCode);
}
