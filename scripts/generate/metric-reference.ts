/** `docs/reference/metrics.md`: every metric of every part. */
import { metrics, type MetricDefinition, type MetricPart } from '../../src/api/metrics.ts';
import type { GeneratedFile } from './file.ts';
import { renderTable } from './markdown.ts';

const places: Record<MetricPart, string> = {
  operator: 'Port 9090 of each replica (`admin`), path `/metrics`.',
  proxy: 'Port 9090 of each proxy pod (`admin`), path `/metrics`.',
  sidecar:
    'Port 15999 of each injected pod, or the one in its annotation `holdfast.dev/sidecar-port`; path `/metrics`.',
};

function section(part: MetricPart): string {
  const own = Object.entries<MetricDefinition>(metrics).filter(([, metric]) => metric.part === part);
  const rows = own.map(([name, { type, labels, help }]) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(' '),
    help,
  ]);
  return `## ${part.charAt(0).toUpperCase()}${part.slice(1)}\n\n${places[part]}\n\n${renderTable(['Metric', 'Type', 'Labels', 'Meaning'], rows)}\n`;
}

const body = `# Metrics

All are in the Prometheus text format. Operator and proxy show the metrics of their process (\`process_*\`, \`nodejs_*\`) besides.
Every label is bounded: what a client sends never becomes one. \`manifests/monitoring\` has a scrape configuration and alert rules, \`manifests/dashboards\` a Grafana dashboard.

${(['operator', 'proxy', 'sidecar'] as const).map(section).join('\n')}`;

export const metricReference: GeneratedFile = { path: 'docs/reference/metrics.md', body };
