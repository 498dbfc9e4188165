/** The parts of a PromQL expression that can be compared with the catalogue of metrics: its metrics and labels. */
import { metrics, type MetricDefinition } from '../../src/api/metrics.ts';

/** Labels that a scrape adds to every series. */
const scrapeLabels = ['pod', 'job', 'instance', 'namespace', 'workload', 'le'];

const catalogue: Readonly<Record<string, MetricDefinition | undefined>> = metrics;

/** The name of a series in the catalogue: a histogram has three series. */
function definitionOf(series: string): MetricDefinition | undefined {
  const base = series.replace(/_(bucket|sum|count)$/, '');
  return catalogue[series] ?? (catalogue[base]?.type === 'histogram' ? catalogue[base] : undefined);
}

/** Names of metrics in an expression that no part of Holdfast exports. */
export const unknownMetrics = (expr: string): string[] =>
  metricsIn(expr).filter((name) => definitionOf(name) === undefined);

export const metricsIn = (expr: string): string[] => [...new Set(expr.match(/\bholdfast_[a-z_]+\b(?!-)/g) ?? [])];

/** Labels in an expression's braces and groupings that none of its metrics has: a condition on one of them is never true. */
export function unknownLabels(expr: string): string[] {
  const known = new Set([...scrapeLabels, ...metricsIn(expr).flatMap((name) => definitionOf(name)?.labels ?? [])]);
  const inBraces = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/([a-z_]+)\s*(?:=|!)/g)].map(([, label = '']) => label),
  );
  const inGroupings = [...expr.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  return [...new Set([...inBraces, ...inGroupings])].filter((label) => label !== '' && !known.has(label));
}
