/**
 * The whole operator over the test cluster, on a manual clock: objects are put in, and every write and event is recorded.
 * The test does what other controllers and kubelets would do.
 */
import type { StickyWorkload } from '../../src/api/stickyworkload.ts';
import { formatTime } from '../../src/core/names/format.ts';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import type { LeaseTiming } from '../../src/kube/watch/lease.ts';
import { createOperator, type Operator } from '../../src/operator/operator.ts';
import { createManualClock } from './manual-clock.ts';
import { createTestCluster } from './cluster/test-cluster.ts';
import { createMemoryLogger } from './memory-logger.ts';
import {
  deployment,
  namespace,
  pod,
  replicaSet,
  slice,
  statefulPod,
  statefulSet,
  stickyWorkload,
} from './operator-objects.ts';
import { createRecorder, type Changes } from './recorder.ts';
import { createTlsClient, type TlsClient } from './tls-client.ts';
import type { ShortWorkload } from './world.ts';

export type WorldOptions = {
  /** The current time if the test uses real TLS: certificates are checked against the clock of the machine. */
  startMs?: number;
  /** By default so slow that no renewal happens during a test; `real`: as in production. */
  lease?: 'slow' | 'real';
  /** The only ones that it reads and serves; absent: all. */
  namespaces?: string[];
};

/** The objects that the leader applies once after its start, and for a new StickyWorkload `cart`. */
export const provisioningWrites = [
  'apply MutatingWebhookConfiguration holdfast',
  'apply ServiceAccount shop/holdfast-holdfast',
  'apply Service shop/cart',
  'apply Deployment shop/holdfast-holdfast',
  'apply Service shop/holdfast-holdfast',
  'apply PodDisruptionBudget shop/holdfast-holdfast',
];

export type OperatorWorld = ReturnType<typeof createOperatorWorld>;

const slowLease: LeaseTiming = { leaseDurationMs: 7_200_000, renewDeadlineMs: 7_000_000, retryMs: 3_600_000 };
// A change is translated 10 ms later; its writes may be changes again, three times at most.
const settledAfterMs = 200;

export function createOperatorWorld({ startMs, lease = 'slow', namespaces }: WorldOptions = {}) {
  const clock = createManualClock(startMs);
  const cluster = createTestCluster(clock);
  const logger = createMemoryLogger();
  const recorder = createRecorder(cluster);
  const running = new Map<string, Operator>();
  const clients: TlsClient[] = [];

  // As the manifests install it.
  cluster.put(resources.mutatingWebhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'holdfast' },
    webhooks: [],
  });

  const settle = (): Promise<void> => clock.advance(settledAfterMs);

  const world = {
    clock,
    cluster,
    logger,
    settle,
    takeChanges: recorder.takeChanges,
    writers: recorder.writers,
    cut: recorder.cut,
    mend: recorder.mend,

    /** Also of use for a replica that does not get ready: it is not waited for. */
    create(identity: string, shutdownDelayMs = 0): Operator {
      const operator = createOperator({
        cluster: recorder.clusterOf(identity),
        namespace: 'holdfast-system',
        ...(namespaces && { namespaces }),
        identity,
        image: 'holdfast:1',
        imagePullPolicy: 'Never',
        ports: { webhook: 0, discovery: 0 },
        serverNames: ['holdfast-operator.holdfast-system.svc', '127.0.0.1'],
        discoveryHost: '127.0.0.1',
        ...(lease === 'slow' && { leaseTiming: slowLease }),
        shutdownDelayMs,
        clock,
        random: () => 0,
        logger,
      });
      running.set(identity, operator);
      return operator;
    },

    async start(identity = 'operator-1', shutdownDelayMs = 0): Promise<Operator> {
      const operator = world.create(identity, shutdownDelayMs);
      await operator.start();
      await settle();
      return operator;
    },

    async stop(identity?: string): Promise<void> {
      if (identity === undefined) for (const client of clients.splice(0)) client.close();
      const stopping = [...running].filter(([name]) => identity === undefined || name === identity);
      for (const [name, operator] of stopping) {
        running.delete(name);
        await operator.stop();
      }
    },

    /** Connects to a server of the operator as a client that trusts its authority. */
    client(port: number): TlsClient {
      const { 'tls.crt': certificate = '' } = (cluster.find(resources.secrets, {
        namespace: 'holdfast-system',
        name: 'holdfast-ca',
      })?.['data'] ?? {}) as Record<string, string>;
      const client = createTlsClient({ port, caPem: Buffer.from(certificate, 'base64').toString() });
      clients.push(client);
      return client;
    },

    /** Returns the changes that an act causes. */
    async after(act: () => unknown): Promise<Changes> {
      await settle();
      recorder.takeChanges();
      act();
      await settle();
      return recorder.takeChanges();
    },

    put: (resource: Resource, ...objects: KubeObject[]): void => {
      for (const object of objects) cluster.put(resource, object);
    },

    /** Changes an existing object as another client. */
    edit(resource: Resource, name: string, change: (object: KubeObject) => KubeObject): void {
      cluster.put(resource, change(world.mustFind(resource, name)));
    },

    editSpec(resource: Resource, name: string, spec: object): void {
      world.edit(resource, name, (object) => ({ ...object, spec: { ...(object['spec'] as object), ...spec } }));
    },

    /** Namespaced objects are in namespace shop. */
    mustFind(resource: Resource, name: string): KubeObject {
      const found = cluster.find(resource, { name, ...(resource.namespaced && { namespace }) });
      if (!found) throw new Error(`there is no ${resource.kind} ${name}`);
      return found;
    },

    /** A Deployment with a StickyWorkload of the same name. */
    putWorkload(short: ShortWorkload): void {
      cluster.put(resources.deployments, deployment(short.name));
      cluster.put(resources.stickyWorkloads, stickyWorkload(short));
    },

    /** Running pods of `app` with the sidecar, and their EndpointSlice. */
    putPods(app: string, names: string[]): void {
      cluster.put(resources.replicaSets, replicaSet(`${app}-1`, app));
      for (const name of names) cluster.put(resources.pods, pod({ name, of: `${app}-1`, app, workload: app }));
      cluster.put(resources.endpointSlices, slice(app, names));
    },

    /** Sets the proxy's pods ready, as the Deployment controller does. */
    runProxy(): void {
      world.edit(resources.deployments, 'holdfast-holdfast', (object) => ({ ...object, status: { readyReplicas: 2 } }));
    },

    /** As `kubectl delete pod` does: the pod terminates within its grace period. */
    terminate(name: string, graceSeconds = 3640): void {
      // In whole seconds, as in Kubernetes.
      const deletionTimestamp = formatTime(clock.nowMs() + graceSeconds * 1000);
      world.edit(resources.pods, name, (object) => ({
        ...object,
        metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds },
      }));
    },

    status: (name: string): NonNullable<StickyWorkload['status']> =>
      (world.mustFind(resources.stickyWorkloads, name) as KubeObject & Pick<StickyWorkload, 'status'>).status ?? {},

    condition(name: string, type: string): { status: string; reason: string; message: string } | undefined {
      const found = world.status(name).conditions?.find((condition) => condition.type === type);
      return found && { status: found.status, reason: found.reason, message: found.message };
    },
  };
  return world;
}

export type ServingWorld = { world: OperatorWorld; operator: Operator };

/** A world in which StickyWorkload `cart` is served by two pods, `cart-a` and `cart-b`, and the operator is idle. */
export async function createServingWorld(options: WorldOptions = {}): Promise<ServingWorld> {
  const world = createOperatorWorld(options);
  world.putWorkload({ name: 'cart' });
  world.putPods('cart', ['cart-a', 'cart-b']);
  return serve(world);
}

/** The same with a StatefulSet: `cart-0` and `cart-1`. */
export async function createStatefulWorld(options: WorldOptions = {}): Promise<ServingWorld> {
  const world = createOperatorWorld(options);
  world.put(resources.statefulSets, statefulSet('cart', 2));
  world.put(
    resources.stickyWorkloads,
    stickyWorkload({ name: 'cart', spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } } }),
  );
  world.put(resources.pods, statefulPod('cart', 0), statefulPod('cart', 1));
  world.put(resources.endpointSlices, slice('cart', ['cart-0', 'cart-1']));
  return serve(world);
}

async function serve(world: OperatorWorld): Promise<ServingWorld> {
  const operator = await world.start();
  world.runProxy();
  await world.settle();
  world.takeChanges();
  return { world, operator };
}
