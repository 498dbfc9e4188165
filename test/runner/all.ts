/**
 * All layers. The tests on a cluster mostly wait for real time (quiet periods, drains, outages of a minute), so they run in two lanes, each
 * on a cluster of its own. The clusters and their images are made while the fast layer runs.
 *
 *     fast ───────────────────────┬─► lane 1: faults of a whole cluster, demo, conformance, Gateway API ─► api ─┬─► autoscaling, which needs CPU
 *     build ─► clusters, images ──┴─► lane 2: all other e2e tests ──────────────────────────────────────────────┘
 *
 * Lane 1 is printed when it ends, because lane 2 writes meanwhile.
 */
import { clusterOf, whyNoCluster, type Cluster } from './cluster.ts';
import { loadExamples } from './example-images.ts';
import type { LayerResult } from './jest.ts';
import { buildProgram, fail, layers, runApi, runFast, runOnCluster, startCluster, type Problem } from './layers.ts';
import { interrupted, type Output } from './process.ts';

export type NamedResult = LayerResult & { layer: string; tookMs: number };

const faults = 'test/e2e/(disruptive|demo|conformance|gateway-api)';
const autoscaling = 'test/e2e/autoscaled';

export async function runAll(): Promise<NamedResult[]> {
  return whyNoCluster() === undefined ? runInLanes() : runInTurn();
}

async function runInTurn(): Promise<NamedResult[]> {
  const results: NamedResult[] = [];
  for (const [layer, run] of Object.entries(layers)) {
    if (interrupted.aborted) break;
    console.log(`== ${layer}`);
    results.push(await timed(layer, () => run({})));
  }
  return results;
}

async function runInLanes(): Promise<NamedResult[]> {
  const clusters = { faults: clusterOf('faults'), e2e: clusterOf('e2e') };
  try {
    console.log('== fast, and beside it the clusters of e2e');
    const preparing = prepare(clusters);
    const fast = await timed('fast', () => runFast({}));
    const problem = await preparing;
    if (interrupted.aborted) return [fast];
    if (problem !== undefined) {
      const failed = await timed('e2e', () => Promise.resolve(fail(problem)));
      return [fast, failed, await timed('api', () => runApi({}))];
    }
    console.log('== e2e and api, in two lanes');
    const lanes = (await Promise.all([runFaultsAndApi(clusters.faults), runOthers(clusters.e2e)])).flat();
    if (interrupted.aborted) return [fast, ...lanes];
    console.log('== e2e, autoscaling');
    return [fast, ...lanes, await runFiles(clusters.faults, 'autoscaling', { files: autoscaling })];
  } finally {
    // In turn: the last one restores settings of the machine.
    for (const cluster of Object.values(clusters)) await cluster.down();
  }
}

/** One after another: the fast layer needs the machine, too. */
async function prepare({ faults, e2e }: { faults: Cluster; e2e: Cluster }): Promise<Problem> {
  const built = await buildProgram('Held');
  const problem = await startCluster(e2e, await startCluster(faults, built, 'Held'), 'Held');
  return problem ?? loadExamples(e2e, 'Held');
}

function runFiles(
  cluster: Cluster,
  name: string,
  { files, output = 'Live' }: { files: string; output?: Output },
): Promise<NamedResult> {
  const args = ['--testPathPatterns', files];
  return timed(`e2e, ${name}`, () => runOnCluster(cluster, { args, output }));
}

async function runFaultsAndApi(cluster: Cluster): Promise<NamedResult[]> {
  const ofFaults = await runFiles(cluster, 'faults', { files: faults, output: 'Held' });
  return interrupted.aborted ? [ofFaults] : [ofFaults, await timed('api', () => runApi({ output: 'Held' }))];
}

function runOthers(cluster: Cluster): Promise<NamedResult> {
  const args = ['--testPathIgnorePatterns', faults, autoscaling];
  return timed('e2e, others', () => runOnCluster(cluster, { args }));
}

export async function timed(layer: string, run: () => Promise<LayerResult>): Promise<NamedResult> {
  const startedAtMs = Date.now();
  return { layer, ...(await run()), tookMs: Date.now() - startedAtMs };
}
