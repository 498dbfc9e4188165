/** How long drains took, as a histogram. */
import { metrics } from '../../api/metrics.ts';
import { createHistogram, type HistogramHandle } from '../../platform/metrics.ts';

const minute = 60;
const hour = 60 * minute;
// From a pod without sessions (the quiet period) to the longest limit there is, seven days.
const drainBuckets = [
  5,
  15,
  minute,
  5 * minute,
  15 * minute,
  hour,
  4 * hour,
  12 * hour,
  24 * hour,
  72 * hour,
  168 * hour,
];

const drainDuration = 'holdfast_drain_duration_seconds';

/** Observed once for each drain that ends. */
export const createDrainDurations = (): HistogramHandle =>
  createHistogram({ name: drainDuration, ...metrics[drainDuration], buckets: drainBuckets });
