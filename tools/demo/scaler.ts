/** Scales the shop's Deployment as an HPA with an external metric would. The metric is the number of the demo's customers. */
import type { ObjectReader, ObjectRef, ObjectWriter } from '../../src/kube/ports.ts';
import { deployments } from '../../src/kube/resources.ts';
import { sleep, type Clock } from '../../src/platform/clock.ts';
import { AppError } from '../../src/platform/errors.ts';
import { fewestPods, mostPods } from './shop.ts';

const syncEveryMs = 1000;

/** Enough pods for the customers, within the limits of the demo. */
export const replicasFor = (customers: number, customersPerPod: number): number =>
  Math.min(Math.max(Math.ceil(customers / customersPerPod), fewestPods), mostPods);

export type Scaler = { stop(): Promise<void> };

/** Syncs each second, so that a failed write is repeated; `onError` receives every error but a conflict. */
export function startScaler(
  cluster: Pick<ObjectReader, 'get'> & Pick<ObjectWriter, 'update'>,
  ref: ObjectRef,
  tools: { clock: Clock; wanted: () => number; onError: (error: unknown) => void },
): Scaler {
  const stopping = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) {
      await scaleTo(cluster, ref, tools.wanted()).catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) tools.onError(error);
      });
      await sleep(tools.clock, syncEveryMs, stopping.signal);
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function scaleTo(
  cluster: Pick<ObjectReader, 'get'> & Pick<ObjectWriter, 'update'>,
  ref: ObjectRef,
  replicas: number,
): Promise<void> {
  const found = await cluster.get(deployments, ref);
  const spec: { replicas?: number } = found?.['spec'] ?? {};
  if (found !== undefined && spec.replicas !== replicas) {
    await cluster.update(deployments, { ...found, spec: { ...spec, replicas } });
  }
}
