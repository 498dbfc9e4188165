/** The scrape jobs in `manifests/monitoring` find every part, also a sidecar with another port. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

type Relabeling = {
  source_labels: string[];
  separator?: string;
  regex?: string;
  target_label?: string;
  replacement?: string;
  action?: string;
};
type Labels = Record<string, string>;
const { scrape_configs: jobs } = parse(readFileSync('manifests/monitoring/prometheus.yaml', 'utf8')) as {
  scrape_configs: { job_name: string; relabel_configs: Relabeling[] }[];
};

/** Returns the labels of a target, or undefined if the job drops it: the actions `keep` and `replace` of Prometheus. */
function relabel(job: string, labels: Labels): Labels | undefined {
  const found = jobs.find(({ job_name }) => job_name === job);
  if (found === undefined) throw new Error(`there is no job ${job}`);
  let result: Labels = labels;
  for (const { source_labels, separator = ';', regex = '(.*)', replacement = '$1', ...rule } of found.relabel_configs) {
    const source = source_labels.map((name) => result[name] ?? '').join(separator);
    const match = new RegExp(`^(?:${regex})$`).exec(source);
    if (rule.action === 'keep' && match === null) return undefined;
    if (match === null || rule.target_label === undefined) continue;
    result = { ...result, [rule.target_label]: replacement.replaceAll('$1', match[1] ?? '') };
  }
  return result;
}

const sidecar = (annotations: Labels) =>
  relabel('holdfast-sidecar', {
    __address__: '10.1.2.3',
    __meta_kubernetes_pod_ip: '10.1.2.3',
    __meta_kubernetes_pod_container_name: 'holdfast-sidecar',
    ...annotations,
  });

test('a sidecar is scraped at its port', () => {
  expect(sidecar({})?.['__address__']).toBe('10.1.2.3:15999');
  const other = sidecar({ __meta_kubernetes_pod_annotation_holdfast_dev_sidecar_port: '15998' });
  expect(other?.['__address__']).toBe('10.1.2.3:15998');
});

test('other containers of the pod are no sidecar', () => {
  expect(relabel('holdfast-sidecar', { __meta_kubernetes_pod_container_name: 'app' })).toBeUndefined();
});
