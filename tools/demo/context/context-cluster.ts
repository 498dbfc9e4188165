/** The demo's cluster is that of a context of the kubeconfig: somebody's, so that all that the demo makes there is taken away again. */
import { ApiException, CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import { createLiveCluster, type LiveCluster } from '../../../src/kube/live/client.ts';
import { loadContext } from '../../../src/kube/live/kube-config.ts';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { deployments } from '../../../src/kube/resources.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import type { Address, DemoCluster, ServicePort } from '../demo-cluster.ts';
import { readEndpoints } from '../queries.ts';
import { fewestPods, mostPods, operatorRef, shopName } from '../shop.ts';
import { trackCreatedResources, type Cluster } from './created-resources.ts';
import { createInformer, type Informer } from './informer.ts';
import { openForward, type Forward } from './port-forward.ts';
import { startScaler, type Scaler } from './scaler.ts';

const namespace = 'holdfast-demo';

/** `customers`: how many there are at the moment. `print`: what a person should know. Throws where there is no such context. */
export function connectCluster(context: string, customers: () => number, print: (text: string) => void): DemoCluster {
  const kubeConfig = loadContext(context);
  const live = connectLive(kubeConfig);
  const createdResources = trackCreatedResources({ ...live, endPod: endPodOn(kubeConfig) }, systemClock);
  const informer = createInformer(live, { clock: systemClock, logger: createLogger('demo', 'silent') });
  const forwards = createForwards(kubeConfig, informer, print);
  let scaler: Scaler | undefined;
  let fixed: number | undefined;

  const create = async (objects: readonly KubeObject[], into?: string) => {
    for (const object of objects) {
      await createdResources.create(
        into === undefined ? object : { ...object, metadata: { ...object.metadata, namespace: into } },
      );
    }
  };

  return {
    namespace,
    scaler: 'scaled by the demo',
    kubectl: `kubectl --context ${context}`,
    isLocal: false,
    async install(objects) {
      if ((await live.get(deployments, operatorRef)) === undefined) await create(objects);
      else print('Holdfast is installed there already: the demo uses it, and leaves it as it is');
    },
    create,
    get: (resource, { name, namespace: within = '' }) => informer.get(resource, { name, namespace: within }),
    list: (resource, within) => informer.list(resource, within),
    autoscale(within, customersPerPod) {
      const needed = () => Math.min(Math.max(Math.ceil(customers() / customersPerPod), fewestPods), mostPods);
      const onError = (error: unknown) => {
        print(`scaling failed: ${describeError(error)}`);
      };
      scaler = startScaler(
        live,
        { namespace: within, name: shopName },
        { clock: systemClock, wanted: () => fixed ?? needed(), onError },
      );
      return Promise.resolve();
    },
    scale(_within, replicas) {
      fixed = replicas;
      return Promise.resolve();
    },
    addressOf: (service) => forwards.addressOf(service),
    async stop() {
      await scaler?.stop();
      print('cleaning up');
      const left = await createdResources.remove();
      await informer.stop();
      await forwards.close();
      await live.close();
      if (left.length > 0) throw new Error(`these are left in the cluster:\n  ${left.join('\n  ')}`);
    },
  };
}

const connectLive = (kubeConfig: KubeConfig): LiveCluster =>
  createLiveCluster(kubeConfig, {
    fieldManager: 'holdfast-demo',
    tokenAudience: 'holdfast',
    reportingController: 'holdfast.dev/demo',
    reportingInstance: 'demo',
    clock: systemClock,
    random: Math.random,
    logger: createLogger('demo', 'silent'),
  });

/** One that is gone, or another of its name (409), is let be. */
const endPodOn =
  (kubeConfig: KubeConfig): Cluster['endPod'] =>
  async ({ metadata: { namespace: within = '', name, uid } }, gracePeriodSeconds) => {
    const body = { gracePeriodSeconds, ...(uid !== undefined && { preconditions: { uid } }) };
    await kubeConfig
      .makeApiClient(CoreV1Api)
      .deleteNamespacedPod({ namespace: within, name, body })
      .catch((error: unknown) => {
        if (!(error instanceof ApiException && (error.code === 404 || error.code === 409))) throw error;
      });
  };

/** One for each port of a Service that was asked for. */
function createForwards(kubeConfig: KubeConfig, informer: Informer, print: (text: string) => void) {
  const opening = new Map<string, Promise<Forward>>();
  const opened = new Map<string, Address>();
  return {
    addressOf(service: ServicePort): Address | undefined {
      const key = `${service.namespace}/${service.name}:${service.port}`;
      const endpoints = () => readEndpoints(informer, service);
      if (endpoints().length === 0) return undefined;
      if (!opening.has(key)) {
        const forward = openForward(kubeConfig, endpoints, print);
        opening.set(key, forward);
        void forward.then(({ address }) => opened.set(key, address));
      }
      return opened.get(key);
    },
    async close() {
      for (const forward of opening.values()) await (await forward).close();
    },
  };
}
