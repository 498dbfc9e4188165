/** For autoscalers of the devcluster: what the cases have measured, read from the objects of which Kubernetes reads it. */
import type { ClusterApi } from '../../cluster-api.ts';
import type { MetricsSource, PodSample } from '../../controllers/autoscaling/metrics-source.ts';
import { parseMilli } from '../../controllers/autoscaling/quantity.ts';
import { matchesSelector } from '../../controllers/selectors.ts';
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';

type PodMetrics = KubeObject & { timestamp: string; window: string; containers: { usage: Record<string, string> }[] };
type ExternalMetricValue = KubeObject & { value: string };

const podMetrics: Resource = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
};
const external = (plural: string): Resource => ({
  group: 'external.metrics.k8s.io',
  version: 'v1beta1',
  kind: 'ExternalMetricValue',
  plural,
  namespaced: true,
});

const unmeasured = (): Promise<never> => Promise.reject(new Error('no case measures it'));

export function measuredBy(api: ClusterApi): MetricsSource {
  return {
    resource: async (name, pods) => {
      await Promise.resolve();
      const measured = pods.flatMap(({ metadata }) => (api.get(podMetrics, metadata) as PodMetrics | undefined) ?? []);
      if (measured.length === 0) throw new Error('no metrics returned from resource metrics API');
      return new Map(measured.map((metrics) => [metrics.metadata.name, sampleOf(metrics, name)]));
    },
    external: async ({ name, selector = {} }, namespace) => {
      await Promise.resolve();
      const series = (api.list(external(name), namespace) as ExternalMetricValue[]).filter(({ metadata }) =>
        matchesSelector(selector, metadata.labels),
      );
      if (series.length === 0) throw new Error('no metrics returned from external metrics API');
      return series.map(({ value }) => parseMilli(value));
    },
    pods: unmeasured,
    object: unmeasured,
  };
}

function sampleOf({ timestamp, window, containers }: PodMetrics, resource: string): PodSample {
  const milli = containers.reduce((total, { usage }) => total + parseMilli(usage[resource] ?? 0), 0);
  return { milli, atMs: Date.parse(timestamp), windowMs: Number.parseInt(window, 10) * 1000 };
}
