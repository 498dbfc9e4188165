/** All controllers over a cluster in memory, and hands to play the kubelet and the user. */
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';
import * as kinds from '../../../../src/kube/resources.ts';
import { configMaps, horizontalPodAutoscalers } from '../../../../src/devcluster/controllers/kinds.ts';
import type { MetricsSource } from '../../../../src/devcluster/controllers/autoscaling/metrics-source.ts';
import type { Pod } from '../../../../src/devcluster/controllers/objects.ts';
import { formatTime } from '../../../../src/devcluster/controllers/objects.ts';
import { startControllers } from '../../../../src/devcluster/controllers/start.ts';
import { createMemoryClock, settle } from '../../../support/memory-clock.ts';
import { createMemoryApi } from './memory-api.ts';

export const served: Resource[] = [
  kinds.deployments,
  kinds.replicaSets,
  kinds.pods,
  kinds.nodes,
  kinds.namespaces,
  kinds.services,
  kinds.secrets,
  kinds.serviceAccounts,
  kinds.endpointSlices,
  kinds.podDisruptionBudgets,
  kinds.customResourceDefinitions,
  configMaps,
  horizontalPodAutoscalers,
];

const noMetrics: MetricsSource = {
  resource: () => Promise.reject(new Error('no metrics returned from resource metrics API')),
  pods: () => Promise.reject(new Error('no metrics returned from custom metrics API')),
  object: () => Promise.reject(new Error('no metrics returned from custom metrics API')),
  external: () => Promise.reject(new Error('no metrics returned from external metrics API')),
};

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function startWorld(options: { metrics?: Partial<MetricsSource>; nodes?: string[] } = {}) {
  const clock = createMemoryClock();
  const api = createMemoryApi(clock);
  const warnings: object[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, error: silent, warn: (fields: object) => warnings.push(fields) };
  const resources = [...served];
  for (const name of options.nodes ?? ['node']) await api.create(kinds.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  const controllers = startControllers({
    api,
    clock,
    logger,
    served: () => resources,
    metrics: { ...noMetrics, ...options.metrics },
    rootCertificate: 'PEM',
  });
  await settle();

  const find = (resource: Resource, name: string) => api.get(resource, { namespace: 'shop', name });
  const all = (resource: Resource) => api.list(resource, 'shop');
  const podsNow = () => all(kinds.pods) as Pod[];

  async function setStatus(pod: KubeObject, status: object): Promise<void> {
    await api.patch(kinds.pods, pod.metadata, { status }, 'status');
  }

  return {
    api,
    clock,
    warnings,
    resources,
    find,
    all,
    pods: podsNow,
    stop: () => controllers.stop(),
    settle,
    async create(resource: Resource, object: KubeObject) {
      const created = await api.create(resource, object);
      await settle();
      return created;
    },
    async patch(resource: Resource, name: string, patch: object) {
      await api.patch(resource, { namespace: 'shop', name }, patch);
      await settle();
    },
    async remove(resource: Resource, name: string, propagationPolicy?: 'Background' | 'Foreground' | 'Orphan') {
      await api.delete(resource, { namespace: 'shop', name }, propagationPolicy === undefined ? {} : { propagationPolicy });
      await settle();
    },
    /** The kubelet: these, or all pods that are not ending, run and are ready. */
    async makeReady(pods: readonly KubeObject[] = podsNow().filter(({ metadata }) => metadata.deletionTimestamp === undefined)) {
      for (const pod of pods) {
        const { conditions } = (pod as Pod).status ?? {};
        if (conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true) continue;
        const since = formatTime(clock.nowMs());
        const podIP = `127.64.0.${(pod.metadata.uid ?? '').replace(/\D/g, '')}`;
        const ready = { type: 'Ready', status: 'True', lastTransitionTime: since };
        await setStatus(pod, { phase: 'Running', startTime: since, podIP, podIPs: [{ ip: podIP }], conditions: [ready] });
      }
      await settle();
    },
    async makeUnready(pod: KubeObject) {
      await setStatus(pod, { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: formatTime(clock.nowMs()) }] });
      await settle();
    },
    /** The kubelet: what was ending has ended. */
    async finish(pods: readonly KubeObject[] = podsNow().filter(({ metadata }) => metadata.deletionTimestamp !== undefined)) {
      for (const pod of pods) await api.delete(kinds.pods, pod.metadata, { gracePeriodSeconds: 0 });
      await settle();
    },
  };
}

export function deployment(replicas: number, spec: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas, progressDeadlineSeconds: 600, selector: { matchLabels: { app: 'web' } }, template: template('1'), ...spec },
  };
}

export const template = (version: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: `shop:${version}`, ports: [{ name: 'http', containerPort: 8080 }] }] },
});
