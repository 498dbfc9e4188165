/** The HorizontalPodAutoscaler controller: looks at each autoscaler once a period, and when its spec changes. */
import { describeError } from '../../../../src/platform/errors.ts';
import { pods } from '../../../../src/kube/resources.ts';
import { isSameJson } from '../../schema/json.ts';
import type { Controller, Tools } from '../controller.ts';
import { horizontalPodAutoscalers } from '../kinds.ts';
import type { Pod } from '../objects.ts';
import { asPod, keyOf, refOf } from '../objects.ts';
import type { Recheck } from '../queue.ts';
import type { Scale, ScaleReader } from '../scale.ts';
import { requireResource } from '../scale.ts';
import { matchesSelector, parseSelector } from '../selectors.ts';
import { writeStatus } from '../status.ts';
import type { AutoscalerPlan } from './autoscaler-decision.ts';
import { decideHpa, emptyMemory, metricsOf, withScaleFailure } from './autoscaler-decision.ts';
import type { AutoscalerMemory } from './behavior.ts';
import type { MetricsSource } from './metrics-source.ts';
import type { Autoscaler, MetricSpec } from './objects.ts';
import { asAutoscaler } from './objects.ts';
import type { Reading } from './proposal.ts';

const controller = 'horizontal-pod-autoscaler';

export type AutoscalerOptions = { metrics: MetricsSource; syncPeriodMs: number };

export function createAutoscalerController(
  tools: Tools,
  readScale: ScaleReader,
  { metrics, syncPeriodMs }: AutoscalerOptions,
): Controller {
  const { api, clock, events } = tools;
  const memories = new Map<string, AutoscalerMemory>();

  async function reconcile(key: string): Promise<Recheck | undefined> {
    const found = api.get(horizontalPodAutoscalers, refOf(key));
    if (found === undefined) {
      memories.delete(key);
      return undefined;
    }
    await look(asAutoscaler(found), key);
    return { recheckAfterMs: syncPeriodMs };
  }

  async function look(autoscaler: Autoscaler, key: string): Promise<void> {
    const namespace = autoscaler.metadata.namespace ?? '';
    const scale = await readScale(namespace, autoscaler.spec.scaleTargetRef).catch((error: unknown) =>
      describeError(error),
    );
    if (typeof scale === 'string') {
      tell(autoscaler, { type: 'Warning', reason: 'FailedGetScale', note: scale });
      await writeStatus(
        api,
        horizontalPodAutoscalers,
        autoscaler.metadata,
        withScaleFailure(autoscaler, { reason: 'FailedGetScale', problem: scale }, clock.nowMs()),
      );
      return;
    }
    const selected = selectPods(namespace, scale);
    const readings = await Promise.all(
      metricsOf(autoscaler).map((spec) => gatherReading(metrics, spec, { namespace, pods: selected })),
    );
    const plan = decideHpa(
      { autoscaler, scale, pods: selected, readings, memory: memories.get(key) ?? emptyMemory },
      clock.nowMs(),
    );
    await apply(autoscaler, key, plan);
  }

  /** An empty selector would be every pod of the namespace. */
  function selectPods(namespace: string, { status }: Scale): Pod[] {
    const selector = status?.selector ?? '';
    if (selector === '') return [];
    const parsed = parseSelector(selector);
    return api
      .list(pods, namespace)
      .map(asPod)
      .filter(({ metadata }) => matchesSelector(parsed, metadata.labels));
  }

  async function apply(
    autoscaler: Autoscaler,
    key: string,
    { rescale, status, memory, events: planned }: AutoscalerPlan,
  ): Promise<void> {
    const problem = rescale === undefined ? undefined : await resize(autoscaler, rescale.to);
    if (problem !== undefined) {
      tell(autoscaler, {
        type: 'Warning',
        reason: 'FailedRescale',
        note: `New size: ${rescale?.to}; reason: ${rescale?.reason}; error: ${problem}`,
      });
      await writeStatus(
        api,
        horizontalPodAutoscalers,
        autoscaler.metadata,
        withScaleFailure(autoscaler, { reason: 'FailedUpdateScale', problem }, clock.nowMs()),
      );
      return;
    }
    memories.set(key, memory);
    for (const event of planned) tell(autoscaler, event);
    await writeStatus(api, horizontalPodAutoscalers, autoscaler.metadata, status);
  }

  /** Answers why not, where the API refuses it. */
  async function resize(autoscaler: Autoscaler, replicas: number): Promise<string | undefined> {
    const { scaleTargetRef } = autoscaler.spec;
    const ref = { namespace: autoscaler.metadata.namespace ?? '', name: scaleTargetRef.name };
    try {
      await api.patch(requireResource(tools.served(), scaleTargetRef), ref, { spec: { replicas } }, 'scale');
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }

  function tell(autoscaler: Autoscaler, event: AutoscalerPlan['events'][number]): void {
    events(autoscaler, { controller, action: event.reason, ...event });
  }

  return {
    name: controller,
    watches: [
      {
        resource: horizontalPodAutoscalers,
        // Its own status is not a reason to look again.
        keys: ({ object, old }) =>
          isSameJson(object['spec'], old?.['spec']) && old !== undefined ? [] : [keyOf(object)],
      },
    ],
    reconcile,
  };
}

type Scope = { namespace: string; pods: readonly Pod[] };

async function gatherReading(metrics: MetricsSource, spec: MetricSpec, scope: Scope): Promise<Reading> {
  try {
    return await read(metrics, spec, scope);
  } catch (error) {
    return { type: 'failed', problem: describeError(error) };
  }
}

async function read(metrics: MetricsSource, spec: MetricSpec, { namespace, pods }: Scope): Promise<Reading> {
  if (spec.type === 'Resource') return { type: 'pods', samples: await metrics.resource(spec.resource.name, pods) };
  if (spec.type === 'Pods') return { type: 'pods', samples: await metrics.pods(spec.pods.metric, pods) };
  if (spec.type === 'Object') {
    return {
      type: 'total',
      milli: await metrics.object(spec.object.metric, { ...spec.object.describedObject, namespace }),
    };
  }
  const series = await metrics.external(spec.external.metric, namespace);
  return { type: 'total', milli: series.reduce((sum, milli) => sum + milli, 0) };
}
