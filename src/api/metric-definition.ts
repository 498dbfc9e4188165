/** What a metric of the catalogue has. */
export type MetricType = 'counter' | 'gauge' | 'histogram';
export type MetricPart = 'operator' | 'proxy' | 'sidecar';
export type MetricDefinition = { part: MetricPart; type: MetricType; help: string; labels: readonly string[] };
