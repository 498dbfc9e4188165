/** The devcluster as the cases need it: API server and controllers, no node. */
import { createApiServer } from '../../src/devcluster/apiserver/server.ts';
import type { MetricsSource } from '../../src/devcluster/controllers/autoscaling/metrics-source.ts';
import { startControllers } from '../../src/devcluster/controllers/start.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createMemoryLogger } from '../support/memory-logger.ts';
import { parseKubeconfig, type Credentials } from './kubeconfig.ts';

const unmeasured = (): Promise<never> => Promise.reject(new Error('nothing is measured here'));
const noMetrics: MetricsSource = { resource: unmeasured, pods: unmeasured, object: unmeasured, external: unmeasured };

export type Devcluster = { credentials: Credentials; stop(): Promise<void> };

export async function startDevcluster(): Promise<Devcluster> {
  const server = await createApiServer();
  await server.listen(0);
  const controllers = startControllers({
    api: server.api,
    clock: systemClock,
    logger: createMemoryLogger(),
    served: () => server.resources(),
    metrics: noMetrics,
    rootCertificate: 'the server speaks plain HTTP',
  });
  return {
    credentials: parseKubeconfig(server.kubeconfig()),
    stop: async () => {
      await controllers.stop();
      await server.close();
    },
  };
}
