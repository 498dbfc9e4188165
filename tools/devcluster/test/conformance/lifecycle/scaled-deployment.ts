/** A Deployment and its autoscaler, and what the autoscaler is told to be measured. */
import { join } from 'node:path';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, eventually, watching } from '../case.ts';
import { installedFrom } from '../installed.ts';
import { pathOf, pods } from '../objects.ts';
import { count, now, rollout, run, untilItems, untilObject, withDeployment, type Run } from './world.ts';

export type MeasuredPod = Run & {
  /** Of the one CPU that it requests; undefined: nothing is known. */
  cpu?: string;
  /** It has just started; else it runs since long. */
  isNew?: true;
};

export type Scaled = {
  name: string;
  /** External metric `sessions`, those of this Deployment alone. */
  sessions(target: Fields): Fields;
  /** So many there are from now on. */
  measure(sessions: number): Promise<void>;
  /** The autoscaler with the status that its first look has written. */
  autoscale(spec: Fields): Promise<Body>;
  autoscaler(fits: (autoscaler: Body) => boolean): Promise<Body>;
  /** As a person would. */
  resize(replicas: number): Promise<void>;
  /** Once it is so. */
  size(wanted: number): Promise<void>;
  /** The message of the event of this reason, once it is there. */
  told(reason: string): Promise<string>;
};

/** A target of so many for each pod. */
export const perPod = (averageValue: string): Fields => ({ type: 'AverageValue', averageValue });

const definitions = installedFrom(
  ['pod-metrics', 'sessions'].map((name) => join(import.meta.dirname, `metrics/${name}.yaml`)),
);

const autoscalers = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'autoscaling/v2', 'horizontalpodautoscalers', ...parts);
const sessionsOf = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'external.metrics.k8s.io/v1beta1', 'sessions', ...parts);
const podMetrics = (api: ConformanceApi): string => pathOf(api, 'metrics.k8s.io/v1beta1', 'pods');

/** Of so many pods that nobody runs, or of these. */
export async function withScaled(
  api: ConformanceApi,
  wanted: number | readonly MeasuredPod[],
  use: (scaled: Scaled) => Promise<void>,
): Promise<void> {
  await definitions(api);
  const name = uniqueName('web');
  const replicas = typeof wanted === 'number' ? wanted : wanted.length;
  await withDeployment(api, rollout(name, 'a:1', { replicas, template: template(name) }), async (labels, path) => {
    const made = await untilItems(api, pods(api), labels, count(replicas));
    for (const [index, pod] of made.entries()) {
      if (typeof wanted !== 'number') await measurePod(api, pod, wanted[index] ?? {});
    }
    await untilObject(api, path, ({ status }) => (status.replicas ?? 0) === replicas);
    try {
      await use(scaledOf(api, name, path));
    } finally {
      await api.delete(autoscalers(api, name));
    }
  });
}

const template = (name: string): Fields => ({
  metadata: { labels: { app: name } },
  spec: { schedulerName: 'nobody', containers: [{ name: 'app', image: 'a:1', resources: { requests: { cpu: '1' } } }] },
});

async function measurePod(api: ConformanceApi, pod: Body, { cpu, isNew, ...state }: MeasuredPod): Promise<void> {
  const { name, labels } = pod.metadata;
  const since = isNew ? now() : '2026-01-01T00:00:00Z';
  await run(api, pod, { readySince: since, startedAt: since, ...state });
  if (cpu === undefined) return;
  const usage = { timestamp: now(), window: '30s', containers: [{ name: 'app', usage: { cpu, memory: '64Mi' } }] };
  await done(
    api.post(podMetrics(api), {
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      metadata: { name, labels },
      ...usage,
    }),
  );
}

function scaledOf(api: ConformanceApi, name: string, path: string): Scaled {
  const matchLabels = { app: name };
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return {
    name,
    sessions: (target) => ({
      type: 'External',
      external: { metric: { name: 'sessions', selector: { matchLabels } }, target },
    }),
    measure: async (sessions) => {
      const object = {
        apiVersion: 'external.metrics.k8s.io/v1beta1',
        kind: 'ExternalMetricValue',
        metadata: { name, labels: matchLabels },
      };
      await done(
        api.apply(
          'adapter',
          sessionsOf(api, name),
          { ...object, metricName: 'sessions', timestamp: now(), value: String(sessions) },
          { force: 'true' },
        ),
      );
    },
    autoscale: (spec) =>
      firstLook(api, {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name },
        spec: { scaleTargetRef, maxReplicas: 20, ...spec },
      }),
    autoscaler: (fits) => untilObject(api, autoscalers(api, name), fits),
    resize: async (replicas) => {
      await done(api.patch('merge', `${path}/scale`, { spec: { replicas } }));
    },
    size: async (wanted) => {
      await untilObject(api, path, ({ spec }) => spec.replicas === wanted);
    },
    told: (reason) => messageOf(api, name, reason),
  };
}

/** By a watch: the second look may find other things than the first. */
function firstLook(api: ConformanceApi, autoscaler: Fields & { metadata: { name: string } }): Promise<Body> {
  return watching(
    api.watch(autoscalers(api), { fieldSelector: `metadata.name=${autoscaler.metadata.name}` }),
    async (watch) => {
      await done(api.post(autoscalers(api), autoscaler));
      const events = await watch.until(({ object }) => object.status?.conditions !== undefined);
      const last = events.at(-1);
      if (!last) throw new Error('the watch has told nothing');
      return last.object;
    },
  );
}

async function messageOf(api: ConformanceApi, name: string, reason: string): Promise<string> {
  const path = pathOf(api, 'v1', 'events');
  const { body } = await eventually(
    () =>
      api.get(path, {
        fieldSelector: `involvedObject.name=${name},involvedObject.kind=HorizontalPodAutoscaler,reason=${reason}`,
      }),
    (answer) => answer.body.items.length > 0,
  );
  return String(body.items[0]?.['message']);
}
