/** Shared by the life-cycle cases: objects that controllers create, and pods whose status the case sets itself, as a kubelet would. */
import type { Body, Fields } from '../body.ts';
import type { ConformanceApi } from '../api.ts';
import { done, eventually } from '../case.ts';
import { deployment, deployments, pathOf, pods } from '../objects.ts';

export const replicaSets = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'apps/v1', 'replicasets', ...parts);
export const slices = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'discovery.k8s.io/v1', 'endpointslices', ...parts);

/** Resolves with the items once they fit. */
export async function untilItems(
  api: ConformanceApi,
  path: string,
  labels: Record<string, string>,
  fits: (items: Body[]) => boolean,
): Promise<Body[]> {
  const labelSelector = Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',');
  const { body } = await eventually(
    () => api.get(path, { labelSelector }),
    (answer) => fits(answer.body.items),
  );
  return body.items;
}

export async function untilObject(api: ConformanceApi, path: string, fits: (object: Body) => boolean): Promise<Body> {
  const { body } = await eventually(
    () => api.get(path),
    (answer) => answer.status === 200 && fits(answer.body),
  );
  return body;
}

export async function untilGone(api: ConformanceApi, path: string): Promise<void> {
  await eventually(
    () => api.get(path),
    ({ status }) => status === 404,
  );
}

export const count =
  (wanted: number) =>
  (items: Body[]): boolean =>
    items.length === wanted;

/** As Kubernetes writes a time. */
const now = (): string => new Date().toISOString().replace(/\.\d+/, '');

export type Run = {
  ready?: boolean;
  readySince?: string;
  startedAt?: string;
  restarts?: number;
  ip?: string;
  phase?: string;
  node?: string;
};

/** Binds a pod to a node, unless it has one, and writes the status that the kubelet of that node would. */
export async function run(
  api: ConformanceApi,
  { metadata, spec }: Body,
  {
    ready = true,
    readySince = now(),
    startedAt = readySince,
    restarts = 0,
    ip = '10.9.8.7',
    phase = 'Running',
    node = 'nowhere',
  }: Run = {},
): Promise<Body> {
  const { name } = metadata;
  if (spec.nodeName === undefined && node !== '') {
    await done(
      api.post(pods(api, name, 'binding'), {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name },
        target: { kind: 'Node', name: node },
      }),
    );
  }
  const status = {
    phase,
    startTime: startedAt,
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: readySince }],
    containerStatuses: [
      { name: 'app', ready, restartCount: restarts, image: 'a', imageID: 'a', state: { running: {} } },
    ],
  };
  return done(api.patch('merge', pods(api, name, 'status'), { status }));
}

/** Deletes pods at once: no kubelet terminates them. */
export async function forceAll(api: ConformanceApi, labels: Record<string, string>): Promise<void> {
  const labelSelector = Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',');
  await done(api.delete(pods(api), { gracePeriodSeconds: 0 }, { labelSelector }));
}

/** A Deployment of pods that no scheduler binds. */
export function rollout(name: string, image = 'example.test/app:1', spec: Fields = {}): Fields {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { schedulerName: 'none', containers: [{ name: 'app', image }] } };
  return deployment({ name }, { replicas: 2, template, ...spec });
}

/** Runs `use` with a Deployment, and deletes it and its pods afterwards. */
export async function withDeployment(
  api: ConformanceApi,
  object: Fields,
  use: (labels: { app: string }, path: string) => Promise<void>,
): Promise<void> {
  const { metadata } = await done(api.post(deployments(api), object));
  const labels = { app: metadata.name };
  try {
    await use(labels, deployments(api, metadata.name));
  } finally {
    await api.delete(deployments(api, metadata.name));
    await untilGone(api, deployments(api, metadata.name));
    await untilItems(api, replicaSets(api), labels, count(0));
    await forceAll(api, labels);
  }
}

/** The replicas of each ReplicaSet, in the order of their images. */
export const sizes = (sets: Body[]): number[] =>
  sets.toSorted((a, b) => imageOf(a).localeCompare(imageOf(b))).map(({ spec }) => Number(spec.replicas));

const imageOf = ({ spec }: Body): string => JSON.stringify((spec.template as { spec: Fields }).spec.containers);

export const owners = ({ metadata }: Body): Fields[] => ((metadata as Fields).ownerReferences ?? []) as Fields[];
