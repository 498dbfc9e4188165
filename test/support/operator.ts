/** The real operator in this process, against the API server of KUBECONFIG: the `api` tests observe it from outside. */
import { randomUUID } from 'node:crypto';
import { fieldManager, tokenAudience } from '../../src/core/names/names.ts';
import { createLiveCluster } from '../../src/kube/live/client.ts';
import { loadKubeConfig } from '../../src/kube/live/kube-config.ts';
import { createOperator, type Operator } from '../../src/operator/operator.ts';
import { systemClock } from '../../src/platform/clock.ts';

export type RunningOperator = Operator & { kill: () => Promise<void> };

/** Starts a replica that the API server reaches at 127.0.0.1. Its namespace must exist. */
export async function startOperator(namespace: string): Promise<RunningOperator> {
  const shared = {
    clock: systemClock,
    random: Math.random,
    logger: process.env['HOLDFAST_TEST_LOG'] ? consoleLogger : quietLogger,
  };
  const cluster = createLiveCluster(loadKubeConfig(), {
    ...shared,
    fieldManager,
    tokenAudience,
    reportingController: 'holdfast.dev/operator',
    reportingInstance: 'test',
  });
  const operator = createOperator({
    ...shared,
    cluster,
    namespace,
    identity: randomUUID(),
    image: 'holdfast:test',
    imagePullPolicy: 'Never',
    ports: { webhook: 0, discovery: 0 },
    serverNames: ['holdfast-operator.holdfast-system.svc', '127.0.0.1'],
    discoveryHost: '127.0.0.1',
    webhookUrl: (port) => `https://127.0.0.1:${port}/inject`,
    leaseTiming: { leaseDurationMs: 3000, renewDeadlineMs: 2000, retryMs: 200 },
  });
  await operator.start();
  return {
    ...operator,
    kill: async () => {
      await operator.stop();
      await cluster.close();
    },
  };
}

const line = (fields: object, message: string) => {
  process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`);
};
const ignore = () => undefined;
const quietLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const consoleLogger = { debug: () => undefined, info: line, warn: line, error: line };
