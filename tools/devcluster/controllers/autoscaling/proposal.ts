/** What one metric of an autoscaler proposes, and how its status tells it. Pure. */
import type { Pod } from '../objects.ts';
import type { PodSamples } from './metrics-source.ts';
import type { MetricIdentifier, MetricSpec, MetricTarget } from './objects.ts';
import { formatMilli, parseMilli } from './quantity.ts';
import type { Tolerances } from './replica-count.ts';
import { averageProposal, perPodProposal, utilizationProposal, valueProposal } from './replica-count.ts';

/** What was measured for a metric, or why it could not be. */
export type Reading =
  | { type: 'pods'; samples: PodSamples }
  | { type: 'total'; milli: number }
  | { type: 'failed'; problem: string };

export type MetricInput = { spec: MetricSpec; reading: Reading; namespace: string };
export type ProposalContext = {
  pods: readonly Pod[];
  current: number;
  statusReplicas: number;
  tolerances: Tolerances;
  nowMs: number;
};

export type MetricProposal =
  | { type: 'proposed'; replicas: number; name: string; status: object }
  /** `problem` is for the condition, `error` for the event that sums all up. */
  | { type: 'failed'; reason: string; problem: string; error: string };

export function decideProposal(input: MetricInput, context: ProposalContext): MetricProposal {
  try {
    return { type: 'proposed', ...propose(input, context) };
  } catch (error) {
    return explain(input.spec, error instanceof Error ? error.message : String(error));
  }
}

type Proposed = { replicas: number; name: string; status: object };

function propose(input: MetricInput, context: ProposalContext): Proposed {
  const { spec, reading } = input;
  if (reading.type === 'failed') throw new Error(unreadable(input, reading.problem));
  if (spec.type === 'Resource') return proposeByResource(spec.resource, samplesOf(reading), context);
  if (spec.type === 'Pods') {
    const { metric, target } = spec.pods;
    const { replicas, averageMilli } = averageProposal(
      { ...context, samples: samplesOf(reading) },
      undefined,
      averageOf(target),
    );
    return {
      replicas,
      name: `pods metric ${metric.name}`,
      status: { type: 'Pods', pods: { metric, current: { averageValue: formatMilli(averageMilli) } } },
    };
  }
  if (spec.type === 'Object') {
    const { metric, target, describedObject } = spec.object;
    const { replicas, current } = proposeByTotal(target, totalOf(reading), context);
    const name = target.type === 'Value' ? `${describedObject.kind} metric ${metric.name}` : externalName(metric);
    return { replicas, name, status: { type: 'Object', object: { metric, describedObject, current } } };
  }
  const { metric, target } = spec.external;
  const { replicas, current } = proposeByTotal(target, totalOf(reading), context);
  return { replicas, name: externalName(metric), status: { type: 'External', external: { metric, current } } };
}

function proposeByResource(
  { name, target }: { name: string; target: MetricTarget },
  samples: PodSamples,
  context: ProposalContext,
): Proposed {
  const input = { ...context, samples };
  if (target.averageValue !== undefined) {
    const { replicas, averageMilli } = averageProposal(input, name, parseMilli(target.averageValue));
    return {
      replicas,
      name: `${name} resource`,
      status: { type: 'Resource', resource: { name, current: { averageValue: formatMilli(averageMilli) } } },
    };
  }
  if (target.averageUtilization === undefined) {
    throw new Error(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    );
  }
  const { replicas, percent, averageMilli } = utilizationProposal(input, name, target.averageUtilization);
  const current = { averageUtilization: percent, averageValue: formatMilli(averageMilli) };
  return {
    replicas,
    name: `${name} resource utilization (percentage of request)`,
    status: { type: 'Resource', resource: { name, current } },
  };
}

function proposeByTotal(
  target: MetricTarget,
  totalMilli: number,
  { tolerances, ...context }: ProposalContext,
): { replicas: number; current: object } {
  if (target.value !== undefined) {
    const { replicas } = valueProposal({ totalMilli, targetMilli: parseMilli(target.value), tolerances }, context);
    return { replicas, current: { value: formatMilli(totalMilli) } };
  }
  const { replicas, averageMilli } = perPodProposal(
    { totalMilli, targetMilli: averageOf(target), tolerances },
    context.statusReplicas,
  );
  return { replicas, current: { averageValue: formatMilli(averageMilli) } };
}

function averageOf({ averageValue }: MetricTarget): number {
  if (averageValue === undefined) throw new Error('neither a value target nor an average value target was set');
  return parseMilli(averageValue);
}

function samplesOf(reading: Reading): PodSamples {
  if (reading.type !== 'pods') throw new Error('no metrics of pods');
  return reading.samples;
}

function totalOf(reading: Reading): number {
  if (reading.type !== 'total') throw new Error('no value');
  return reading.milli;
}

/** As Go prints the pointer to the selector. */
function selectorText({ selector }: MetricIdentifier): string {
  if (selector === undefined) return 'nil';
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const labels = Object.entries(matchLabels)
    .map(([name, value]) => `${name}: ${value},`)
    .toSorted();
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

const externalName = (metric: MetricIdentifier): string => `external metric ${metric.name}(${selectorText(metric)})`;

function unreadable({ spec, namespace }: MetricInput, problem: string): string {
  if (spec.type === 'Resource') return `unable to get metrics for resource ${spec.resource.name}: ${problem}`;
  if (spec.type === 'Pods') return `unable to get metric ${spec.pods.metric.name}: ${problem}`;
  if (spec.type === 'External') {
    const { metric } = spec.external;
    return `unable to get external metric ${namespace}/${metric.name}/${selectorText(metric)}: ${problem}`;
  }
  const { metric, describedObject } = spec.object;
  return `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/${problem}`;
}

function explain(spec: MetricSpec, message: string): MetricProposal {
  if (spec.type === 'Pods' || spec.type === 'Object') {
    const error = `failed to get ${spec.type.toLowerCase()} metric value: ${message}`;
    return { type: 'failed', reason: `FailedGet${spec.type}Metric`, problem: message, error };
  }
  if (spec.type === 'External') {
    const { name } = spec.external.metric;
    const error = `failed to get ${name} external metric value: failed to get ${name} external metric: ${message}`;
    return { type: 'failed', reason: 'FailedGetExternalMetric', problem: message, error };
  }
  const { name, target } = spec.resource;
  const problem = `failed to get ${name} ${target.averageValue === undefined ? 'utilization' : 'usage'}: ${message}`;
  return {
    type: 'failed',
    reason: 'FailedGetResourceMetric',
    problem,
    error: `failed to get ${name} resource metric value: ${problem}`,
  };
}
