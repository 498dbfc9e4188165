/**
 * The real operator in this process, against the API server of KUBECONFIG, with the rights of its ServiceAccount and no others: the `api` tests
 * observe it from outside.
 */
import { randomUUID } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { fieldManager, tokenAudience } from '../../src/core/names/names.ts';
import { createLiveCluster } from '../../src/kube/live/client.ts';
import { loadKubeConfig } from '../../src/kube/live/kube-config.ts';
import { createOperator, type Operator } from '../../src/operator/operator.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Logger } from '../../src/platform/log.ts';
import { kubectl } from './kubectl.ts';

/** `denied`: what the API server has refused to it for lack of a right. */
export type RunningOperator = Operator & { kill: () => Promise<void>; denied: () => string[] };

/** Starts a replica that the API server reaches at 127.0.0.1. The manifests must be applied. `namespaces`: those that it serves; absent: all. */
export async function startOperator(namespace: string, namespaces?: readonly string[]): Promise<RunningOperator> {
  const denials = recordDenials(process.env['HOLDFAST_TEST_LOG'] ? consoleLogger : quietLogger);
  const shared = { clock: systemClock, random: Math.random, logger: denials.logger };
  const cluster = createLiveCluster(await loadAccount(namespace), {
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
    ...(namespaces && { namespaces }),
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
    denied: denials.list,
    kill: async () => {
      await operator.stop();
      await cluster.close();
    },
  };
}

/** A token of the operator's ServiceAccount, as a pod has it. */
async function loadAccount(namespace: string): Promise<KubeConfig> {
  const config = loadKubeConfig();
  const token = await kubectl('create', 'token', 'holdfast-operator', '-n', namespace, '--duration=1h');
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('KUBECONFIG has no current cluster');
  config.loadFromClusterAndUser(cluster, { name: 'holdfast-operator', token: token.trim() });
  return config;
}

/** Also 403, whatever the rights: the namespace of an earlier test. */
const terminating = 'because it is being terminated';

/** A missing right is logged, and the call tried again: to a test it may look like a slow operator. */
function recordDenials(logger: Logger): { logger: Logger; list: () => string[] } {
  const denied: string[] = [];
  const recording =
    (write: Logger['info']): Logger['info'] =>
    (fields, message) => {
      const text = JSON.stringify(fields);
      if (text.includes('403 Forbidden') && !text.includes(terminating)) denied.push(`${message}: ${text}`);
      write(fields, message);
    };
  const { debug, info, warn, error } = logger;
  return {
    logger: { debug: recording(debug), info: recording(info), warn: recording(warn), error: recording(error) },
    list: () => [...denied],
  };
}

const line = (fields: object, message: string) => {
  process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`);
};
const ignore = () => undefined;
const quietLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const consoleLogger = { debug: () => undefined, info: line, warn: line, error: line };
