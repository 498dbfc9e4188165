/** Starts all controllers of the devcluster. */
import type { Clock } from '../../../src/platform/clock.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { createEventRecorder } from '../events.ts';
import type { Tools } from './controller.ts';
import { runController } from './controller.ts';
import { createGarbageCollector } from './lifecycle/garbage.ts';
import { createNamespaceController } from './lifecycle/namespaces.ts';
import { createEndpointSliceController } from './network/endpoint-slices.ts';
import type { ServedResources } from './served.ts';
import { createDeploymentController } from './workloads/deployment.ts';
import { createReplicaSetController } from './workloads/replicaset.ts';
import { createScheduler } from './workloads/scheduler.ts';

export type ControllersOptions = {
  api: ClusterApi;
  clock: Clock;
  logger: Logger;
  /** Returns the kinds that the API currently serves. */
  served: ServedResources;
  /** PEM, for the ConfigMap `kube-root-ca.crt`. */
  rootCertificate: string;
};

export type Controllers = {
  /** Resolves after the last write. */
  stop(): Promise<void>;
};

export function startControllers(options: ControllersOptions): Controllers {
  const { api, clock, logger, served } = options;
  const tools: Tools = { api, clock, logger, served, events: createEventRecorder({ api, clock, logger }) };
  const stops = [
    createNamespaceController(tools, { rootCertificate: options.rootCertificate }),
    createDeploymentController(tools),
    createReplicaSetController(tools),
    createScheduler(tools),
    createEndpointSliceController(tools),
    createGarbageCollector(tools),
  ].map((controller) => runController(controller, tools));
  return {
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
