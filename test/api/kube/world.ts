/** Shared by the tests of this folder: live clusters on the API server, a namespace, the CRD of widgets. */
import { randomBytes } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { systemClock } from '../../../src/platform/clock.ts';
import type { LiveCluster, LiveClusterOptions } from '../../../src/kube/live/client.ts';
import { createLiveCluster } from '../../../src/kube/live/client.ts';
import type { KubeObject, Resource } from '../../../src/kube/ports.ts';
import { customResourceDefinitions } from '../../../src/kube/resources.ts';
import { loadApiConfig } from '../../support/api-server.ts';
import { widgets } from '../../support/widgets.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

export const namespaces: Resource = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

export function connectLive(
  options: Partial<LiveClusterOptions> = {},
  kubeConfig: KubeConfig = loadApiConfig(),
): LiveCluster {
  return createLiveCluster(kubeConfig, {
    fieldManager: 'holdfast',
    tokenAudience: 'holdfast',
    reportingController: 'holdfast.dev/test',
    reportingInstance: 'test',
    clock: systemClock,
    random: Math.random,
    logger: createMemoryLogger(),
    ...options,
  });
}

/** The kubeconfig of the API server, but through another port of this machine. */
export function throughPort(port: number): KubeConfig {
  const kubeConfig = loadApiConfig();
  for (const cluster of kubeConfig.clusters) Object.assign(cluster, { server: `https://127.0.0.1:${port}` });
  return kubeConfig;
}

export async function makeNamespace(cluster: LiveCluster): Promise<string> {
  const name = `kube-${randomBytes(4).toString('hex')}`;
  await cluster.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

/** Installs the CRD of widgets unless it exists, and waits until it is served. */
export async function installWidgets(cluster: LiveCluster): Promise<void> {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const definition: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${widgets.plural}.${widgets.group}` },
    spec: {
      group: widgets.group,
      scope: 'Namespaced',
      names: { plural: widgets.plural, singular: 'widget', kind: widgets.kind },
      versions: [
        {
          name: widgets.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { ...open, properties: { size: { type: 'integer' } } }, status: open },
            },
          },
        },
      ],
    },
  };
  await cluster.apply(customResourceDefinitions, definition);
  await eventually(async () => {
    await cluster.list(widgets);
    return true;
  });
}

/** Polls until the condition is true; an error counts as false. */
export async function eventually(isSo: () => Promise<boolean> | boolean, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
