/** The layers of the tests, by what they need: nothing, an API server, a whole cluster. */
import { clusterOf, whyNoCluster } from './cluster.ts';
import { oneFailure } from './count.ts';
import { runJest, type LayerResult } from './jest.ts';
import { runProgram } from './process.ts';

export const layers: Record<string, (jestArgs: readonly string[]) => Promise<LayerResult>> = {
  fast: runFast,
  api: runApi,
  e2e: runE2e,
};

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

function runFast(args: readonly string[]): Promise<LayerResult> {
  return runJest({ project: 'fast', args: ['--maxWorkers=4', sideBySide, ...args] });
}

async function runApi(args: readonly string[]): Promise<LayerResult> {
  const ownKubeconfig = process.env['HOLDFAST_TEST_KUBECONFIG'];
  if (ownKubeconfig) {
    return runJest({
      project: 'api',
      args: [...apiArgs, ...args],
      env: { HOLDFAST_TEST_API: '1', KUBECONFIG: ownKubeconfig },
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
    });
  } finally {
    await cluster.down();
  }
}

async function runE2e(args: readonly string[]): Promise<LayerResult> {
  const skipReason = whyNoCluster();
  if (skipReason !== undefined) return runSkipped('e2e', skipReason, args);
  if ((await runProgram({ command: process.execPath, args: ['scripts/build.ts'] })) !== 0) {
    return fail('the build failed');
  }
  const cluster = clusterOf('e2e');
  try {
    // Two nodes: one is drained, and loses its power.
    if (!(await cluster.up(['--nodes', '2']))) return fail('the cluster did not start');
    for (const { folder, image } of images) {
      if (!(await cluster.buildImage(folder, image))) return fail(`the image ${image} was not built`);
    }
    // Of the scenarios that may run side by side so many at one time: a pod's start takes a second or two of a core.
    return await runJest({
      project: 'e2e',
      args: ['--runInBand', '--maxConcurrency=3', ...args],
      env: { HOLDFAST_TEST_E2E: '1' },
      within: cluster.within,
    });
  } finally {
    await cluster.down();
  }
}

/** Jest runs all the same, so that each test that cannot run is counted, with the reason in its name; it prints no name of a skipped test. */
function runSkipped(project: 'api' | 'e2e', reason: string, args: readonly string[]): Promise<LayerResult> {
  console.log(`skipped, because ${reason}`);
  return runJest({ project, args: ['--runInBand', ...args], env: { HOLDFAST_SKIP_REASON: reason } });
}

function fail(what: string): LayerResult {
  console.error(`FAIL: ${what}`);
  return { count: oneFailure, files: [] };
}
