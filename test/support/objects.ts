/**
 * Objects of the cluster, read over one connection. Tests look several times a second, and a kubectl process for each look costs a tenth
 * of a second of a core.
 */
import { Agent, request, type RequestOptions } from 'node:https';
import * as resources from '../../src/kube/resources.ts';
import type { Resource } from '../../src/kube/ports.ts';
import { loadKubeConfig } from '../../src/kube/live/kube-config.ts';

type Json = Record<string, unknown>;
export type LiveObject = Json & {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
  };
  spec?: Json;
  status?: Json & { conditions?: { type: string; status: string; reason: string; message: string }[] };
};

/** A limit on a look, not on the test: the test looks again. */
const timeoutMs = 10_000;

/** Returns undefined where the object does not exist. `resource`: singular or plural, as in kubectl. */
export async function getObject(resource: string, name: string, namespace: string): Promise<LiveObject | undefined> {
  const { status, body } = await get(`${pathOf(resource, namespace)}/${name}`);
  if (status === 404) return undefined;
  return parse(status, body) as LiveObject;
}

/** Throws where the cluster does not serve the resource. */
export async function listObjects(resource: string, namespace: string, selector?: string): Promise<LiveObject[]> {
  const query = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  const { status, body } = await get(`${pathOf(resource, namespace)}${query}`);
  return (parse(status, body) as { items: LiveObject[] }).items;
}

export const conditionOf = (object: LiveObject | undefined, type: string) =>
  object?.status?.conditions?.find((condition) => condition.type === type);

/** Whether a pod has the sidecar. */
export const isInjected = ({ spec }: LiveObject): boolean =>
  ((spec?.['initContainers'] ?? []) as { name: string }[]).some(({ name }) => name === 'holdfast-sidecar');

const byName = new Map<string, Resource>(
  Object.values(resources)
    .flatMap((resource) => ('plural' in resource ? [resource] : []))
    .flatMap((resource) => [[resource.plural, resource] as const, [resource.kind.toLowerCase(), resource] as const]),
);

function pathOf(name: string, namespace: string): string {
  const resource = byName.get(name);
  if (resource === undefined) throw new Error(`src/kube/resources.ts has no resource ${name}`);
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
}

function parse(status: number, body: string): unknown {
  if (status !== 200) throw new Error(`the API server responded with ${status}: ${body}`);
  return JSON.parse(body);
}

let connection: Promise<RequestOptions> | undefined;

async function connect(): Promise<RequestOptions> {
  const config = loadKubeConfig();
  const { hostname, port } = new URL(config.getCurrentCluster()?.server ?? '');
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, headers } = options;
  return {
    hostname,
    port,
    headers,
    timeout: timeoutMs,
    agent: new Agent({ keepAlive: true, timeout: timeoutMs, ca, cert, key }),
  };
}

async function get(path: string): Promise<{ status: number; body: string }> {
  const options = await (connection ??= connect());
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const sent = request({ ...options, path }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    response.on('error', reject);
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, body });
    });
  });
  sent.on('timeout', () => sent.destroy(new Error(`GET ${path}: no response within ${timeoutMs} ms`)));
  sent.on('error', reject);
  sent.end();
  return promise;
}
