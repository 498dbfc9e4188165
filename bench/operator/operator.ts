/** One operator in a large cluster: the time until every StickyWorkload is Ready, its memory, its writes, and its cost when idle. */
import { operatorNamespace, tokenAudience } from '../../src/core/names/names.ts';
import { createLiveCluster, type LiveCluster } from '../../src/kube/live/client.ts';
import { pods } from '../../src/kube/resources.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { whyNoCluster } from '../../test/runner/cluster.ts';
import { freePort } from '../../test/support/free-port.ts';
import type { Place } from '../holdfast/proxy.ts';
import { commandOfImage } from '../holdfast/image.ts';
import { startProgram, type Program } from '../measure/program.ts';
import { addCleanup } from '../measure/cleanup.ts';
import type { Section } from '../report/section.ts';
import { startCluster, type BenchCluster } from './cluster.ts';
import { renderFigures } from './figures.ts';
import { fillCluster } from './fill.ts';
import { operatorPod } from './objects.ts';
import { createPatience } from './patience.ts';
import { measureChanges, measureIdle, measureStart } from './phases.ts';
import { measureTraffic } from './traffic.ts';
import { followWorkloads, runProxies } from './watching.ts';

export type OperatorOptions = {
  workloads: number;
  pods: number;
  idleSeconds: number;
  progress: (text: string) => void;
};

const podName = 'holdfast-operator-bench';
const logger = createLogger('bench', 'error');

export async function measureOperator(place: Place, options: OperatorOptions): Promise<Section> {
  const reason = whyNoCluster();
  if (reason !== undefined) return { tables: [], skipped: [`operator, because ${reason}.`] };
  const bench = await startCluster(place.folder);
  const cluster = openAsAdmin(bench);
  const refs = await fillCluster(cluster, options);
  await cluster.create(pods, operatorPod(operatorNamespace, podName));
  const workloads = await followWorkloads({ reader: cluster, logger });
  const kubeconfig = await bench.operatorConfig();

  const beganMs = performance.now();
  const { operator, ...ports } = await startOperator(place, kubeconfig);
  const patience = createPatience(operator);
  await runProxies({ reader: cluster, writer: cluster, logger, failed: (error) => patience.fail(error) });
  const stage = {
    pid: operator.pid,
    audit: bench.audit,
    cluster,
    workloads,
    patience,
    refs,
    progress: options.progress,
  };
  const start = await measureStart(stage, beganMs);
  const change = await measureChanges(stage);
  const idle = await measureIdle(stage, options.idleSeconds);
  const traffic = await measureTraffic(stage, { admin: bench.admin, ...ports });
  await operator.stop();
  return renderFigures({ start, change, idle, traffic }, options);
}

function openAsAdmin({ admin }: BenchCluster): LiveCluster {
  const cluster = createLiveCluster(admin, {
    fieldManager: 'holdfast-bench',
    tokenAudience,
    reportingController: 'holdfast.dev/bench',
    reportingInstance: 'bench',
    clock: systemClock,
    random: Math.random,
    logger,
  });
  addCleanup(() => cluster.close());
  return cluster;
}

type Started = { operator: Program; discoveryPort: number; adminPort: number };

async function startOperator({ dist }: Place, kubeconfig: string): Promise<Started> {
  const [adminPort, discoveryPort] = [await freePort(), await freePort()];
  const env = {
    KUBECONFIG: kubeconfig,
    POD_NAME: podName,
    POD_NAMESPACE: operatorNamespace,
    HOLDFAST_ADMIN_PORT: String(adminPort),
    HOLDFAST_WEBHOOK_PORT: String(await freePort()),
    HOLDFAST_DISCOVERY_PORT: String(discoveryPort),
  };
  return { operator: startProgram(commandOfImage(dist, ['operator'], env)), adminPort, discoveryPort };
}
