/** The operator as a process: wires the live cluster, reads the environment, ends the process. */
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import {
  discoveryService,
  fieldManager,
  isObjectName,
  operatorNamespace,
  operatorService,
  ports,
  tokenAudience,
} from '../core/names/names.ts';
import { createLiveCluster, type LiveCluster } from '../kube/live/client.ts';
import { loadKubeConfig } from '../kube/live/kube-config.ts';
import { createOperatorProcess } from '../kube/live/skeleton.ts';
import { pods } from '../kube/resources.ts';
import { listenAdmin } from '../platform/admin.ts';
import { systemClock } from '../platform/clock.ts';
import { oneOf, optionalText, portNumber, requiredText } from '../platform/config.ts';
import { AppError, describeError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { createLogger, logLevels } from '../platform/logger.ts';
import { watchProcessFaults, type ProcessFaults } from '../platform/process-faults.ts';
import { abortOnSignal, runShutdown, untilAborted } from '../platform/shutdown.ts';
import { createOperatorAdmin } from './admin/app.ts';
import { imageOf } from './gather/pods.ts';
import { readSidecarSettings } from './injection/sidecar-settings.ts';
import { createOperator } from './operator.ts';
import type { OperatorOptions } from './options.ts';

const env = process.env;

// In percent of what is in use after a collection, when the next one begins. V8 would let the heap grow to four times that: to 250 MiB for the 60 MiB
// that 10,000 pods and 1,000 StickyWorkloads need.
setFlagsFromString('--heap-growing-percent=100');

/** Proxies and sidecars run the operator's own image, so that one image change upgrades all three. */
async function ownImage(
  cluster: LiveCluster,
  ref: { namespace: string; name: string },
): Promise<Pick<OperatorOptions, 'image' | 'imagePullPolicy'>> {
  const pod = await cluster.get(pods, ref);
  const container = pod && imageOf(pod, 'operator');
  if (!container) {
    const message = `pod ${ref.namespace}/${ref.name} has no container named operator: POD_NAME and POD_NAMESPACE must name the operator's own pod`;
    throw new AppError('CONFIG_INVALID', message, { source: 'internal', retryable: false });
  }
  return container;
}

/**
 * kube-proxy and the API server learn of a terminating endpoint within a second or two, and on a node that is starved of CPU, as one that takes
 * over the pods of a drained node, within some more.
 */
const shutdownDelayMs = 10_000;
/** Longer than the steps of the shutdown together, and shorter than the termination grace period of the pod. */
const exitWithinMs = shutdownDelayMs + 15_000;

/** A misspelled name would be a namespace that is never served. */
function readNamespaces(environment: typeof env): { namespaces?: string[] } {
  const text = optionalText(environment, 'HOLDFAST_NAMESPACES');
  if (text === undefined) return {};
  const namespaces = text.split(',').map((name) => name.trim());
  const invalid = namespaces.find((name) => !isObjectName(name));
  if (invalid === undefined) return { namespaces };
  const message = `HOLDFAST_NAMESPACES: "${invalid}" is not the name of a namespace: separate the names with commas`;
  throw new AppError('CONFIG_INVALID', message, { source: 'internal', retryable: false });
}

/** Releases what was started so far. */
type Stop = () => Promise<void>;

async function start(logger: Logger, faults: ProcessFaults, started: (stop: Stop) => void): Promise<void> {
  const kubeConfig = loadKubeConfig();
  const namespace = optionalText(env, 'POD_NAMESPACE') ?? operatorNamespace;
  const podName = requiredText(env, 'POD_NAME');
  const shared = { clock: systemClock, random: Math.random, logger };
  const cluster = createLiveCluster(kubeConfig, {
    ...shared,
    fieldManager,
    tokenAudience,
    reportingController: 'holdfast.dev/operator',
    reportingInstance: podName,
  });
  const operator = createOperator({
    ...shared,
    ...(await ownImage(cluster, { namespace, name: podName })),
    sidecar: readSidecarSettings(env),
    cluster,
    namespace,
    ...readNamespaces(env),
    // A restarted container is a new candidate for the lease.
    identity: `${podName}_${randomUUID()}`,
    ports: {
      webhook: portNumber(env, 'HOLDFAST_WEBHOOK_PORT', ports.webhook),
      discovery: portNumber(env, 'HOLDFAST_DISCOVERY_PORT', ports.discovery),
    },
    serverNames: [`${operatorService}.${namespace}.svc`, `${discoveryService}.${namespace}.svc`],
    discoveryHost: `${discoveryService}.${namespace}.svc`,
    shutdownDelayMs,
  });
  const admin = await listenAdmin(
    createOperatorAdmin(operator, systemClock, faults.counts),
    portNumber(env, 'HOLDFAST_ADMIN_PORT', ports.admin),
  );
  const skeleton = createOperatorProcess(kubeConfig, logger, operator);
  started(() =>
    runShutdown(
      [
        { name: 'operator', limitMs: shutdownDelayMs + 10_000, run: () => skeleton.stop() },
        { name: 'cluster', limitMs: 2000, run: () => cluster.close() },
        { name: 'admin', limitMs: 1000, run: () => admin.close() },
      ],
      { clock: systemClock, log: logger },
    ),
  );
  await skeleton.start();
}

/** Runs until SIGTERM or a fault, which may also come while the operator still waits for the API server. Returns the exit code. */
async function run(logger: Logger): Promise<number> {
  const faults = watchProcessFaults(process, {
    clock: systemClock,
    log: logger,
    exitWithinMs,
    exit: (code) => process.exit(code),
  });
  let stop: Stop = () => Promise.resolve();
  const ended = untilAborted(AbortSignal.any([abortOnSignal(process), faults.first]));
  const working = start(logger, faults, (stopStarted) => (stop = stopStarted));
  await Promise.race([working.then(() => ended), ended]);
  await stop();
  return faults.first.aborted ? 1 : 0;
}

const logger = createLogger('operator', oneOf(env, 'HOLDFAST_LOG_LEVEL', logLevels));
try {
  process.exit(await run(logger));
} catch (error) {
  logger.error({ error: describeError(error) }, 'operator failed');
  process.exit(1);
}
