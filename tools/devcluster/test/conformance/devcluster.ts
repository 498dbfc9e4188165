/** The devcluster as the cases need it: API server and controllers, no node. */
import { createApiServer } from '../../apiserver/server.ts';
import { startControllers } from '../../controllers/start.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createMemoryLogger } from '../../../../test/support/memory-logger.ts';
import { connect } from './api.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { createNamespace, type Server } from './suite.ts';

export async function startDevcluster(): Promise<Server> {
  const server = await createApiServer();
  await server.listen(0);
  const controllers = startControllers({
    api: server.api,
    clock: systemClock,
    logger: createMemoryLogger(),
    served: () => server.resources(),
    rootCertificate: 'the server speaks plain HTTP',
  });
  const credentials = parseKubeconfig(server.kubeconfig());
  const api = await createNamespace((namespace) => connect(credentials, namespace));
  return {
    api,
    stop: async () => {
      api.close();
      await controllers.stop();
      await server.close();
    },
  };
}
