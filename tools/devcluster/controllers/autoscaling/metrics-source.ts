/** Where the autoscaler has its numbers from. All are thousandths (milli), as `kubectl get --raw` of the metrics APIs has them. */
import type { Pod } from '../objects.ts';
import type { ScaleTarget } from '../scale.ts';
import type { MetricIdentifier } from './objects.ts';

/** A value that was measured over `windowMs`, until `atMs`. */
export type PodSample = { milli: number; atMs: number; windowMs: number };
/** By name of the pod; a pod without a sample is left out. */
export type PodSamples = ReadonlyMap<string, PodSample>;

/** What it cannot tell it throws: the message goes into the condition of the autoscaler. */
export interface MetricsSource {
  /** Use of `cpu` or `memory` (metrics.k8s.io). */
  resource(name: string, pods: readonly Pod[]): Promise<PodSamples>;
  /** custom.metrics.k8s.io of pods. */
  pods(metric: MetricIdentifier, pods: readonly Pod[]): Promise<PodSamples>;
  /** custom.metrics.k8s.io of one object. */
  object(metric: MetricIdentifier, described: ScaleTarget & { namespace: string }): Promise<number>;
  /** external.metrics.k8s.io: one value per series. */
  external(metric: MetricIdentifier, namespace: string): Promise<readonly number[]>;
}
