/** Starts all controllers of the devcluster. */
import type { Clock } from '../../../src/platform/clock.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { createAutoscalerController } from './autoscaling/autoscaler.ts';
import type { MetricsSource } from './autoscaling/metrics-source.ts';
import type { Tools } from './controller.ts';
import { runController } from './controller.ts';
import { createEventRecorder } from './events.ts';
import { createDisruptionController } from './lifecycle/disruption.ts';
import { createGarbageCollector } from './lifecycle/garbage.ts';
import { createNamespaceController } from './lifecycle/namespaces.ts';
import { createEndpointSliceController } from './network/endpoint-slices.ts';
import { createScaleReader } from './scale.ts';
import type { ServedResources } from './served.ts';
import { createDeploymentController } from './workloads/deployment.ts';
import { createReplicaSetController } from './workloads/replicaset.ts';
import { createScheduler } from './workloads/scheduler.ts';

export type ControllersOptions = {
  api: ClusterApi;
  clock: Clock;
  logger: Logger;
  /** All kinds that the API serves now, those of CustomResourceDefinitions included. */
  served: ServedResources;
  metrics: MetricsSource;
  /** PEM, for the ConfigMap `kube-root-ca.crt`. */
  rootCertificate: string;
  /** How often autoscalers look; 15 s in Kubernetes. */
  autoscalerPeriodMs?: number;
};

export type Controllers = {
  /** Resolves when nothing is written any more. */
  stop(): Promise<void>;
};

export function startControllers(options: ControllersOptions): Controllers {
  const { api, clock, logger, served, metrics } = options;
  const tools: Tools = { api, clock, logger, served, events: createEventRecorder({ api, clock, logger }) };
  const readScale = createScaleReader(api, served);
  const stops = [
    createNamespaceController(tools, { rootCertificate: options.rootCertificate }),
    createDeploymentController(tools),
    createReplicaSetController(tools),
    createScheduler(tools),
    createEndpointSliceController(tools),
    createDisruptionController(tools, readScale),
    createAutoscalerController(tools, readScale, { metrics, syncPeriodMs: options.autoscalerPeriodMs ?? 15_000 }),
    createGarbageCollector(tools),
  ].map((controller) => runController(controller, tools));
  return {
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
