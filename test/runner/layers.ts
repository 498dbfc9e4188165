/** The layers of the tests, by what they need: nothing, an API server, a whole cluster. */
import { clusterOf, whyNoCluster, type Cluster } from './cluster.ts';
import { oneFailure } from './count.ts';
import { loadExamples } from './example-images.ts';
import { runJest, type LayerResult } from './jest.ts';
import { runProgram, type Output } from './process.ts';
import { whyNoTomcat } from './tomcat.ts';

export type LayerOptions = { args?: readonly string[]; output?: Output };
export type Layer = (options: LayerOptions) => Promise<LayerResult>;

export const layers: Record<string, Layer> = { fast: runFast, api: runApi, e2e: runE2e };

/** Images that the e2e tests run, by the folder of their Dockerfile. */
const images = [
  { folder: '.', image: 'holdfast:dev' },
  { folder: 'examples/shop', image: 'holdfast-shop:dev' },
];

/** Autoscalers sync each second, and keep the default delays after the start of a pod. */
const autoscaling = ['sync-period=1s', 'cpu-initialization-period=300s', 'initial-readiness-delay=30s']
  .map((flag) => `--horizontal-pod-autoscaler-${flag}`)
  .join(' ');

/** Tests that may run side by side only wait for something, except those of e2e. */
const sideBySide = '--maxConcurrency=10';
const apiArgs = ['--runInBand', sideBySide];

export function runFast({ args = [] }: LayerOptions): Promise<LayerResult> {
  return runJest({ project: 'fast', args: ['--maxWorkers=4', sideBySide, ...args] });
}

export async function runApi({ args = [], output = 'Live' }: LayerOptions): Promise<LayerResult> {
  const ownKubeconfig = process.env['HOLDFAST_TEST_KUBECONFIG'];
  if (ownKubeconfig) {
    return runJest({
      project: 'api',
      args: [...apiArgs, ...args],
      env: { HOLDFAST_TEST_API: '1', KUBECONFIG: ownKubeconfig },
      output,
    });
  }
  const skipReason = whyNoCluster();
  if (skipReason !== undefined) {
    return runSkipped(
      'api',
      `${skipReason}, or name an API server for tests (envtest, kind) by HOLDFAST_TEST_KUBECONFIG`,
      args,
    );
  }
  const cluster = clusterOf('api');
  try {
    if (!(await cluster.up(['--control-plane'], { KUBE_CONTROLLER_MANAGER_FLAGS: autoscaling }))) {
      return fail('the API server did not start');
    }
    return await runJest({
      project: 'api',
      args: [...apiArgs, ...args],
      env: { HOLDFAST_TEST_API: '1' },
      within: cluster.within,
      output,
    });
  } finally {
    await cluster.down();
  }
}

async function runE2e({ args = [] }: LayerOptions): Promise<LayerResult> {
  const skipReason = whyNoCluster();
  if (skipReason !== undefined) return runSkipped('e2e', skipReason, args);
  const cluster = clusterOf('e2e');
  try {
    const problem = (await startCluster(cluster, await buildProgram())) ?? (await loadExamples(cluster, 'Live'));
    return problem === undefined ? await runOnCluster(cluster, { args }) : fail(problem);
  } finally {
    await cluster.down();
  }
}

/** What went wrong, or undefined. */
export type Problem = string | undefined;

export async function buildProgram(output: Output = 'Live'): Promise<Problem> {
  const exitCode = await runProgram({ command: process.execPath, args: ['scripts/build.ts'], output });
  return exitCode === 0 ? undefined : 'the build failed';
}

/** Two nodes: one is drained, and loses its power. */
export async function startCluster(cluster: Cluster, before: Problem, output: Output = 'Live'): Promise<Problem> {
  if (before !== undefined) return before;
  if (!(await cluster.up(['--nodes', '2']))) return 'the cluster did not start';
  for (const { folder, image } of images) {
    if (!(await cluster.buildImage(folder, image, output))) return `the image ${image} was not built`;
  }
  return undefined;
}

/** Of the scenarios that may run side by side so many at one time: a pod's start takes a second or two of a core. */
export function runOnCluster(cluster: Cluster, { args = [], output = 'Live' }: LayerOptions): Promise<LayerResult> {
  const skipTomcat = whyNoTomcat() ?? '';
  if (skipTomcat !== '') console.log(`Tomcat is skipped, because ${skipTomcat}`);
  return runJest({
    project: 'e2e',
    args: ['--runInBand', '--maxConcurrency=3', ...args],
    env: { HOLDFAST_TEST_E2E: '1', HOLDFAST_SKIP_TOMCAT: skipTomcat },
    within: cluster.within,
    output,
  });
}

/** Jest still runs, so that each test that cannot run is counted, with the reason in its name; it prints no name of a skipped test. */
function runSkipped(project: 'api' | 'e2e', reason: string, args: readonly string[]): Promise<LayerResult> {
  console.log(`skipped, because ${reason}`);
  return runJest({ project, args: ['--runInBand', ...args], env: { HOLDFAST_SKIP_REASON: reason } });
}

export function fail(what: string): LayerResult {
  console.error(`FAIL: ${what}`);
  return { count: oneFailure, files: [] };
}
