/** One call of a webhook, over TLS. */
import { request } from 'node:https';
import { describeError } from '../../../../src/platform/errors.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { Cluster } from '../cluster.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';

export type WebhookCall = { clientConfig: JsonObject; body: unknown; timeoutMs: number };

type Address = { url: URL; servername?: string };

/** Resolves with the parsed body; rejects with the reason of the failure. */
export async function callWebhook(cluster: Cluster, { clientConfig, body, timeoutMs }: WebhookCall): Promise<unknown> {
  const { url, servername } = findAddress(cluster, clientConfig);
  const bundle = textAt(clientConfig, 'caBundle');
  const text = JSON.stringify(body);
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    signal: AbortSignal.timeout(timeoutMs),
    // A new connection for each call, because the pods of a webhook change.
    agent: false as const,
    ...(bundle !== '' && { ca: Buffer.from(bundle, 'base64') }),
    ...(servername !== undefined && { servername }),
  };
  try {
    const response = await post(url, options, text);
    if (response.status !== 200) throw new Error(`the server responded with ${response.status}`);
    return JSON.parse(response.text);
  } catch (error) {
    const reason = options.signal.aborted ? 'context deadline exceeded' : describeError(error);
    throw new Error(`failed to call webhook: Post "${url.href}?timeout=${timeoutMs / 1000}s": ${reason}`, {
      cause: error,
    });
  }
}

function post(
  url: URL,
  options: Parameters<typeof request>[1],
  text: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

/** A Service is called at one of its ready endpoints; the certificate has the name of the Service. */
function findAddress(cluster: Cluster, clientConfig: JsonObject): Address {
  const url = textAt(clientConfig, 'url');
  if (url !== '') return { url: new URL(url) };
  const { namespace, name } = {
    namespace: textAt(clientConfig, 'service', 'namespace'),
    name: textAt(clientConfig, 'service', 'name'),
  };
  const host = `${name}.${namespace}.svc`;
  const wanted = numberAt(clientConfig, 'service', 'port') ?? 443;
  const service = cluster.store.get('/services', { namespace, name });
  if (service === undefined) throw new Error(`failed to call webhook: service "${name}" not found`);
  const servicePort = objectsAt(service, 'spec', 'ports').find((port) => port['port'] === wanted);
  const target = findEndpoint(cluster, { namespace, name, portName: textAt(servicePort, 'name') });
  if (target === undefined) throw new Error(`failed to call webhook: no endpoints available for service "${name}"`);
  const path = textAt(clientConfig, 'service', 'path');
  return { url: new URL(`https://${target}${path}`), servername: host };
}

function findEndpoint(
  { store }: Cluster,
  { namespace, name, portName }: { namespace: string; name: string; portName: string },
): string | undefined {
  const slices = store
    .list('discovery.k8s.io/endpointslices', namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
  for (const slice of slices) {
    const port = objectsAt(slice, 'ports').find((one) => textAt(one, 'name') === portName);
    const endpoint = objectsAt(slice, 'endpoints').find(
      (one) => valueAt(objectAt(one, 'conditions'), 'ready') === true,
    );
    const address = textsAt(endpoint, 'addresses')[0];
    if (port !== undefined && address !== undefined) return `${address}:${String(port['port'])}`;
  }
  return undefined;
}
