/** The cluster tools: a real Kubernetes on this machine, or the reason why there is none. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sharePodsProcessor } from './pod-share.ts';
import { root, runProgram, runTidyUp, type Command, type Output } from './process.ts';

const tools = resolve(root, process.env['HOLDFAST_CLUSTER_TOOLS'] ?? '../shared/cluster');
const howTo = 'put the cluster tools at ../shared/cluster or name their folder in HOLDFAST_CLUSTER_TOOLS';

/** Why no cluster can be started here, or undefined. */
export function whyNoCluster(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux, with root and the cluster tools';
  if (!existsSync(join(tools, 'up'))) return `it needs a Kubernetes to start: ${howTo}`;
  if (process.getuid?.() !== 0) return 'it needs root to start a Kubernetes: run the tests as root';
  return undefined;
}

/** Where the tools keep a folder for each cluster. */
const state = '/run/holdfast-cluster';

export type Cluster = {
  /** `env`: flags for its programs, as the tools take them. */
  up: (options: readonly string[], env?: Record<string, string>) => Promise<boolean>;
  buildImage: (folder: string, image: string, output: Output) => Promise<boolean>;
  /** The folder of the CRDs of Gateway API v1.7.0 that come with the tools. */
  gatewayApi: string;
  /** The same command in the cluster's network, with KUBECONFIG and kubectl. */
  within: (command: Command) => Command;
  down: () => Promise<void>;
};

/**
 * A cluster of this process alone: the process id is in its name, so that two test runs do not end each other's, and
 * one that was killed before its `down` is found and ended by the next.
 */
export function clusterOf(use: 'api' | 'e2e' | 'faults' | 'gateway'): Cluster {
  const prefix = `hf-${use}-`;
  const name = `${prefix}${process.pid}`;
  const tool = (program: string, ...args: string[]): Command => ({
    command: join(tools, program),
    args: ['--name', name, ...args],
  });
  return {
    up: async (options, env = {}) => {
      for (const left of listAbandoned(prefix)) await end(left);
      const command = { command: join(tools, 'up'), args: ['--name', name, ...options], env };
      if ((await runProgram({ ...command, output: 'ErrorsOnly' })) !== 0) return false;
      sharePodsProcessor(name);
      return true;
    },
    buildImage: async (folder, image, output) => {
      if ((await runProgram({ ...tool('build-image', folder, image), output })) !== 0) return false;
      // The cluster has it now. buildah would keep its own copy indefinitely, under the name of this cluster.
      await runTidyUp({ command: 'buildah', args: ['rmi', `localhost/build:${name}`], output: 'ErrorsOnly' });
      return true;
    },
    gatewayApi: join(tools, 'gateway-api/experimental'),
    within: ({ command, args, ...rest }) => ({ ...rest, ...tool('exec', command, ...args) }),
    down: () => end(name),
  };
}

async function end(name: string): Promise<void> {
  await runTidyUp({ command: join(tools, 'down'), args: ['--name', name] });
  // The tools keep one lock file for each name, and ours is never used again.
  rmSync(join(state, `${name}.lock`), { force: true });
}

function listAbandoned(prefix: string): string[] {
  const names = existsSync(state) ? readdirSync(state) : [];
  return names.filter(
    (name) =>
      name.startsWith(prefix) &&
      /^\d+$/.test(name.slice(prefix.length)) &&
      !existsSync(`/proc/${name.slice(prefix.length)}`),
  );
}
