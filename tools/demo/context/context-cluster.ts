/** An existing cluster, by its context in the kubeconfig. The demo removes all that it creates there. */
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
import { operatorRef, shopName } from '../shop.ts';
import { trackCreatedResources, type Cluster } from './created-resources.ts';
import { createInformer, type Informer } from './informer.ts';
import { openForward, type Forward } from './port-forward.ts';
import { replicasFor, startScaler, type Scaler } from '../scaler.ts';

const namespace = 'holdfast-demo';

/** `customers`: their current number. `print`: prints a line for the user. Throws where there is no such context. */
export function connectCluster(context: string, customers: () => number, print: (text: string) => void): DemoCluster {
  const kubeConfig = loadContext(context);
  const live = connectLive(kubeConfig);
  const createdResources = trackCreatedResources({ ...live, shortenGrace: shortenGraceOn(kubeConfig) }, systemClock);
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
    scaler: 'a scaler of the demo',
    kubectl: `kubectl --context ${context}`,
    isLocal: false,
    async install(objects) {
      if ((await live.get(deployments, operatorRef)) === undefined) await create(objects);
      else print('Holdfast is already installed: the demo uses that installation and does not change it');
    },
    create,
    get: (resource, { name, namespace: within = '' }) => informer.get(resource, { name, namespace: within }),
    list: (resource, within) => informer.list(resource, within),
    autoscale(within, customersPerPod) {
      const onError = (error: unknown) => {
        print(`scaling failed: ${describeError(error)}`);
      };
      scaler = startScaler(
        live,
        { namespace: within, name: shopName },
        { clock: systemClock, wanted: () => fixed ?? replicasFor(customers(), customersPerPod), onError },
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
      if (left.length > 0) {
        throw new Error(`these objects could not be removed from the cluster:\n  ${left.join('\n  ')}`);
      }
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

/** Ignores a pod that no longer exists, and another pod of the same name (409). */
const shortenGraceOn =
  (kubeConfig: KubeConfig): Cluster['shortenGrace'] =>
  async ({ metadata: { namespace: within = '', name, uid } }, gracePeriodSeconds) => {
    const body = { gracePeriodSeconds, ...(uid !== undefined && { preconditions: { uid } }) };
    await kubeConfig
      .makeApiClient(CoreV1Api)
      .deleteNamespacedPod({ namespace: within, name, body })
      .catch((error: unknown) => {
        if (!(error instanceof ApiException && (error.code === 404 || error.code === 409))) throw error;
      });
  };

/** One port-forward for each requested port of a Service. */
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
