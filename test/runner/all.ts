/**
 * All layers. The tests on a cluster mostly wait for real time (quiet periods, drains, outages of a minute), so they run in two lanes, each
 * on a cluster of its own. The clusters and their images are made while the fast layer runs.
 *
 *     fast ───────────────────────┬─► lane 1: faults of a whole cluster, then the demo
 *     build ─► clusters, images ──┴─► lane 2: all other e2e tests, then the api layer
 *
 * Lane 1 is printed when it ends, because lane 2 writes meanwhile.
 */
import { clusterOf, whyNoCluster, type Cluster } from './cluster.ts';
import type { LayerResult } from './jest.ts';
import { buildProgram, fail, layers, runApi, runFast, runOnCluster, startCluster, type Problem } from './layers.ts';
import { interrupted } from './process.ts';

export type NamedResult = LayerResult & { layer: string; tookMs: number };

const faultFiles = 'test/e2e/(disruptive|demo)';

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
    if (problem !== undefined) return [fast, await timed('e2e', () => Promise.resolve(fail(problem)))];
    console.log('== e2e and api, and beside them the e2e tests with faults of a whole cluster');
    const lanes = await Promise.all([runFaults(clusters.faults), runOthers(clusters.e2e)]);
    return [fast, ...lanes.flat()];
  } finally {
    await Promise.all(Object.values(clusters).map((cluster) => cluster.down()));
  }
}

/** One after another: the fast layer needs the machine, too. */
async function prepare({ faults, e2e }: { faults: Cluster; e2e: Cluster }): Promise<Problem> {
  const built = await buildProgram('Held');
  return startCluster(e2e, await startCluster(faults, built, 'Held'), 'Held');
}

async function runFaults(cluster: Cluster): Promise<NamedResult[]> {
  const args = ['--testPathPatterns', faultFiles];
  return [await timed('e2e, faults and demo', () => runOnCluster(cluster, { args, output: 'Held' }))];
}

async function runOthers(cluster: Cluster): Promise<NamedResult[]> {
  const others = await timed('e2e, others', () =>
    runOnCluster(cluster, { args: ['--testPathIgnorePatterns', faultFiles] }),
  );
  return interrupted.aborted ? [others] : [others, await timed('api', () => runApi({}))];
}

export async function timed(layer: string, run: () => Promise<LayerResult>): Promise<NamedResult> {
  const startedAtMs = Date.now();
  return { layer, ...(await run()), tookMs: Date.now() - startedAtMs };
}
