/** The operator under traffic: the proxies of all Gateways report other counts of all pods each second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import { defaultGateway, labels, managedByValue, proxyName, tokenAudience } from '../../src/core/names/names.ts';
import { pods } from '../../src/kube/resources.ts';
import { median, quantile } from '../measure/statistics.ts';
import { cpuMicros, memoryOf } from '../measure/usage.ts';
import { addCleanup } from '../measure/cleanup.ts';
import type { Writes } from './audit.ts';
import { applyStatus } from './fill.ts';
import { proxyPod, runningStatus } from './objects.ts';
import type { Stage } from './phases.ts';
import { startTrafficProxy, type TrafficProxy } from './traffic-proxy.ts';

export type Traffic = {
  seconds: number;
  proxies: number;
  cpuMicros: number;
  writes: Writes;
  resident: number;
  heap: number;
  /** From the deletion of a pod until the last proxy of its Gateway has acknowledged that it drains. */
  drainMs: { count: number; median: number; tail: number };
};

type Doors = { admin: KubeConfig; discoveryPort: number; adminPort: number };

const proxiesPerGateway = 2;
const warmUpSeconds = 10;
const seconds = 30;
const deletions = 20;
const acknowledgedWithinMs = 30_000;

export async function measureTraffic(stage: Stage, doors: Doors): Promise<Traffic> {
  const { pid, audit, patience, progress } = stage;
  const proxies = await startProxies(stage, doors);
  const all = [...proxies.values()].flat();
  progress(`${all.length} proxies report`);
  const stop = reportEachSecond(all, (error) => patience.fail(error));
  addCleanup(stop);
  await sleep(warmUpSeconds * 1000);
  const [position, usedMicros] = [audit.position(), cpuMicros(pid)];
  await sleep(seconds * 1000);
  const used = { cpuMicros: cpuMicros(pid) - usedMicros, writes: audit.since(position) };
  const memory = { resident: memoryOf(pid).resident, heap: await heapOf(doors.adminPort) };
  const taken = await measureDrains(stage, proxies);
  await stop();
  const drainMs = { count: taken.length, median: median(taken), tail: quantile(taken, 0.95) };
  return { seconds, proxies: all.length, ...used, ...memory, drainMs };
}

async function startProxies(stage: Stage, doors: Doors): Promise<Map<string, TrafficProxy[]>> {
  const started = new Map<string, TrafficProxy[]>();
  for (const namespace of new Set(stage.refs.map((ref) => ref.namespace))) {
    const own: TrafficProxy[] = [];
    for (let number = 0; number < proxiesPerGateway; number += 1) {
      own.push(await startProxy(stage, doors, { namespace, number }));
    }
    started.set(namespace, own);
  }
  return started;
}

async function startProxy(
  { cluster, patience }: Stage,
  { admin, discoveryPort }: Doors,
  { namespace, number }: { namespace: string; number: number },
): Promise<TrafficProxy> {
  const account = proxyName(defaultGateway);
  const marks = {
    [labels.managedBy]: managedByValue,
    [labels.component]: 'proxy',
    [labels.gatewayName]: defaultGateway,
  };
  const pod = await cluster.create(pods, proxyPod(namespace, { name: `${account}-${number}`, account, labels: marks }));
  await applyStatus(cluster, pods, pod, runningStatus(`10.63.0.${number + 1}`));
  const { name, uid = '' } = pod.metadata;
  const answer = await admin.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    namespace,
    name: account,
    body: { spec: { audiences: [tokenAudience], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } } },
  });
  const identity = { port: discoveryPort, token: answer.status?.token ?? '' };
  return startTrafficProxy(identity, (error) => patience.fail(error));
}

/** Spread over the second, as proxies that started at different times do it. */
function reportEachSecond(proxies: readonly TrafficProxy[], failed: (error: unknown) => void): () => Promise<void> {
  const stopped = new AbortController();
  const loops = proxies.map(async ({ report }, at) => {
    await sleep((1000 * at) / proxies.length);
    while (!stopped.signal.aborted) await Promise.all([report(), sleep(1000)]);
  });
  Promise.all(loops).catch(failed);
  return async () => {
    stopped.abort();
    await Promise.allSettled(loops);
  };
}

/** The last pods of StickyWorkloads: the first ones have been deleted before. */
async function measureDrains(
  { cluster, refs, patience }: Stage,
  proxies: ReadonlyMap<string, TrafficProxy[]>,
): Promise<number[]> {
  const taken: number[] = [];
  for (const { namespace, name, lastPod } of refs.slice(0, deletions)) {
    const acknowledged = Promise.all((proxies.get(namespace) ?? []).map((proxy) => proxy.untilDraining(lastPod.uid)));
    const beganMs = performance.now();
    await cluster.delete(pods, { namespace, name: lastPod.name });
    await patience.until(
      acknowledged.then(() => undefined),
      {
        ms: acknowledgedWithinMs,
        describeState: () => `the proxies have not acknowledged that a pod of ${name} drains`,
      },
    );
    taken.push(performance.now() - beganMs);
  }
  return taken;
}

async function heapOf(adminPort: number): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const used = /^nodejs_heap_size_used_bytes ([0-9.e+]+)$/m.exec(page)?.[1];
  if (used === undefined) throw new Error('the operator exports no nodejs_heap_size_used_bytes');
  return Number(used);
}
