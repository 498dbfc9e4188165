/**
 * A real Prometheus with the scrape jobs and rules of manifests/monitoring. Debian's has no Kubernetes discovery, so the
 * pods are written into a file, with the labels that the discovery would give them: the relabelling of the jobs is the real one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { until } from './kubectl.ts';
import { type LiveObject } from './objects.ts';

export type Series = { metric: Record<string, string>; values: [number, string][] };

export type Prometheus = {
  /** The values of an expression over a range of time, one per second. */
  queryRange(expr: string, fromMs: number, toMs: number): Promise<Series[]>;
  /** The current number of healthy targets, by job. */
  upByJob(): Promise<Record<string, number>>;
  /** Replaces the targets when pods have changed. */
  update(pods: readonly LiveObject[]): Promise<void>;
  stop(): Promise<void>;
};

/** The reason why there is none, or undefined. */
export const whyNoPrometheus = (): string | undefined =>
  spawnSync('prometheus', ['--version']).status === 0
    ? undefined
    : 'prometheus is not there: get it with the package prometheus';

type Config = {
  global: Record<string, string>;
  rule_files: string[];
  scrape_configs: { kubernetes_sd_configs?: unknown; file_sd_configs?: unknown }[];
};

export async function startPrometheus(port: number): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-prometheus-'));
  const targetsFile = join(folder, 'targets.json');
  await writeFile(targetsFile, '[]');
  await writeFile(join(folder, 'prometheus.yaml'), await buildConfig(targetsFile));
  const address = `127.0.0.1:${port}`;
  const process = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yaml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((done) => process.once('exit', done));
  await until('Prometheus ready', async () => (await fetch(`http://${address}/-/ready`)).ok, 20_000);

  async function ask(path: string, parameters: Record<string, string>): Promise<Series[]> {
    const response = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as { status: string; error?: string; data?: { result: Series[] } };
    if (answer.status !== 'success' || !answer.data) {
      throw new Error(`Prometheus rejects ${parameters['query']}: ${answer.error}`);
    }
    return answer.data.result;
  }
  const queryRange: Prometheus['queryRange'] = (expr, fromMs, toMs) =>
    ask('query_range', { query: expr, start: String(fromMs / 1000), end: String(toMs / 1000), step: '1' });

  return {
    queryRange,
    async upByJob() {
      const now = Date.now();
      const series = await queryRange('sum by (job) (up)', now - 1000, now);
      return Object.fromEntries(series.map(({ metric, values }) => [metric['job'] ?? '', Number(values.at(-1)?.[1])]));
    },
    async update(pods) {
      // Renamed into place, so that a partial list is never read.
      await writeFile(`${targetsFile}.new`, JSON.stringify(pods.flatMap(targetsOf)));
      await rename(`${targetsFile}.new`, targetsFile);
    },
    async stop() {
      process.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function buildConfig(targetsFile: string): Promise<string> {
  const config = parse(await readFile('manifests/monitoring/prometheus.yaml', 'utf8')) as Config;
  return stringify({
    ...config,
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: config.rule_files.map((file) => resolve('manifests/monitoring', file)),
    scrape_configs: config.scrape_configs.map(({ kubernetes_sd_configs: _live, ...job }) => ({
      ...job,
      file_sd_configs: [{ files: [targetsFile], refresh_interval: '1s' }],
    })),
  });
}

type Target = { targets: string[]; labels: Record<string, string> };
type Container = { name: string; ports?: { name?: string; containerPort: number }[] };

/** As with role `pod` of the discovery: a target for each port of each container, and one without a port for a container that declares none. */
function targetsOf({ metadata, spec, status }: LiveObject): Target[] {
  const ip = status?.['podIP'];
  if (typeof ip !== 'string') return [];
  const containers = [
    ...((spec?.['containers'] ?? []) as Container[]),
    ...((spec?.['initContainers'] ?? []) as Container[]),
  ];
  const common = {
    __meta_kubernetes_namespace: metadata.namespace ?? '',
    __meta_kubernetes_pod_name: metadata.name,
    __meta_kubernetes_pod_ip: ip,
    ...metaLabels('label', metadata.labels),
    ...metaLabels('annotation', (metadata as { annotations?: Record<string, string> }).annotations),
  };
  return containers.flatMap(({ name, ports = [] }) => {
    const ofContainer = { ...common, __meta_kubernetes_pod_container_name: name };
    if (ports.length === 0) return [{ targets: [ip], labels: ofContainer }];
    return ports.map((port) => ({
      targets: [`${ip}:${port.containerPort}`],
      labels: { ...ofContainer, __meta_kubernetes_pod_container_port_name: port.name ?? '' },
    }));
  });
}

const metaLabels = (kind: 'label' | 'annotation', of: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(of).map(([name, value]) => [
      `__meta_kubernetes_pod_${kind}_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`,
      value,
    ]),
  );
