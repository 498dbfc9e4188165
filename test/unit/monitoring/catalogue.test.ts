import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { metrics, type MetricDefinition } from '../../../src/api/metrics.ts';
import { dashboardRows } from '../../../scripts/generate/dashboard.ts';
import { metricsIn, unknownLabels, unknownMetrics } from '../../support/promql.ts';

type Rule = { alert: string; expr: string; annotations: { summary: string; description: string } };
const { groups } = parse(readFileSync('manifests/monitoring/alerts.yaml', 'utf8')) as { groups: { rules: Rule[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const panels = dashboardRows.flatMap((row) => row.panels);
const queries = [
  ...panels.flatMap(({ title, queries: ofPanel }) =>
    ofPanel.map(({ expr }) => ({ where: `panel "${title}"`, expr: expr.replaceAll(/"\$[a-z]+"/g, '"x"') })),
  ),
  ...alerts.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
];

test.each(queries)('$where queries only metrics and labels that exist', ({ expr }) => {
  expect({ metrics: unknownMetrics(expr), labels: unknownLabels(expr) }).toEqual({ metrics: [], labels: [] });
});

test('a metric or label that does not exist is detected', () => {
  expect(unknownMetrics('sum(rate(holdfast_session_started_total[5m]))')).toEqual(['holdfast_session_started_total']);
  expect(unknownLabels('sum by (reason, why) (holdfast_sessions_lost_total{status="x"})')).toEqual(['status', 'why']);
});

test('every alert states what happened and what to do', () => {
  for (const { annotations } of alerts) {
    expect(Math.min(annotations.summary.length, annotations.description.length)).toBeGreaterThan(20);
  }
});

test('every alert has a section in the guide, and every alert of the guide exists', () => {
  const guide = readFileSync('docs/guide/troubleshooting.md', 'utf8');
  const described = [...guide.matchAll(/^#+ .*\b(Holdfast[A-Za-z]+)/gm)].map(([, name = '']) => name);
  expect(described.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
});

test('names and units follow the conventions of Prometheus', () => {
  for (const [name, { type, labels }] of Object.entries<MetricDefinition>(metrics)) {
    expect({ name, total: name.endsWith('_total') }).toEqual({ name, total: type === 'counter' });
    expect(labels.every((label) => /^[a-z]+$/.test(label))).toBe(true);
  }
});

test('the dashboard shows sessions, drains, losses and what holds a pod', () => {
  const shown = new Set(panels.flatMap(({ queries: ofPanel }) => ofPanel.flatMap(({ expr }) => metricsIn(expr))));
  for (const metric of [
    'holdfast_workload_sessions',
    'holdfast_draining_pod_sessions',
    'holdfast_drains_total',
    'holdfast_sessions_lost_total',
  ]) {
    expect(shown).toContain(metric);
  }
});
