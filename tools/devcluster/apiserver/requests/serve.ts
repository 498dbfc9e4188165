/** One request: who asks, what for, and the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StatusError } from '../../status-error.ts';
import type { Cluster } from '../cluster.ts';
import type { User } from '../tokens.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import {
  buildAggregatedDiscovery,
  buildApiGroup,
  buildApiVersions,
  buildGroupList,
  buildResourceList,
} from '../output/discovery.ts';
import { buildOpenApiDocument, buildOpenApiIndex } from '../output/openapi.ts';
import { apiAudience } from '../tokens.ts';
import { type Answer, failureOf, ok, sendAnswer } from './answer.ts';
import { negotiate, type Wanted } from './negotiation.ts';
import { serveObjects } from './objects.ts';
import { findTarget } from './routes.ts';

const version = {
  major: '1',
  minor: '35',
  gitVersion: 'v1.35.0+devcluster',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch}`,
};

export async function serveRequest(
  cluster: Cluster,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://server');
    const answer = await findAnswer(cluster, url, { request, response, signal });
    if (answer !== undefined) sendAnswer(response, answer, wantedOf(request));
  } catch (error) {
    const answer = failureOf(error);
    const retrySeconds = error instanceof StatusError ? error.details.retryAfterSeconds : undefined;
    if (retrySeconds !== undefined && !response.headersSent) response.setHeader('retry-after', String(retrySeconds));
    // What is left of the body is not read: the connection can carry no further request.
    if (!request.complete && !response.headersSent) response.setHeader('connection', 'close');
    sendAnswer(response, answer);
  }
}

type Io = { request: IncomingMessage; response: ServerResponse; signal: AbortSignal };

function findAnswer(cluster: Cluster, url: URL, io: Io): Promise<Answer | undefined> | Answer | undefined {
  const path = url.pathname.replace(/\/+$/, '');
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return { status: 200, body: 'ok' };
  if (path === '/version') return ok(version);
  const user = authenticate(cluster, io.request);
  const target = findTarget(cluster.registry, path);
  if (target !== undefined) return serveObjects(cluster, target, { ...io, query: url.searchParams, user });
  return findDocument(cluster, path, io.request) ?? nothingThere(cluster, path);
}

/** Without a token one may ask for the version and the health only. */
function authenticate({ tokens }: Cluster, request: IncomingMessage): User {
  const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') {
    const verdict = tokens.verify(token, [apiAudience]);
    if (verdict.ok) return verdict.user;
  }
  throw new StatusError('Unauthorized', 'Unauthorized');
}

function findDocument({ registry }: Cluster, path: string, request: IncomingMessage): Answer | undefined {
  const kinds = registry.all();
  if (path === '/api' || path === '/apis') {
    return discoveryRoot(path, wantedOf(request), { kinds, host: request.headers.host ?? '' });
  }
  const body = path.startsWith('/openapi/v3')
    ? findOpenApi(kinds, path.slice('/openapi/v3'.length))
    : findDiscovery(kinds, path.slice(1).split('/'));
  return body === undefined ? undefined : ok(body);
}

const findOpenApi = (kinds: readonly Kind[], path: string): object | undefined =>
  path === '' ? buildOpenApiIndex(kinds) : buildOpenApiDocument(kinds, path.slice(1));

/** `api/v1`, `apis/apps`, `apis/apps/v1`. */
function findDiscovery(kinds: readonly Kind[], [root, first = '', ...rest]: readonly string[]): object | undefined {
  if (root === 'api' && rest.length === 0) return buildResourceList(kinds, first);
  if (root !== 'apis' || rest.length > 1) return undefined;
  return rest[0] === undefined ? buildApiGroup(kinds, first) : buildResourceList(kinds, `${first}/${rest[0]}`);
}

type Served = { kinds: readonly Kind[]; host: string };

function discoveryRoot(path: '/api' | '/apis', wanted: Wanted, { kinds, host }: Served): Answer {
  if (wanted.as === 'APIGroupDiscoveryList' && wanted.version === 'v2') {
    const contentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    return { status: 200, body: buildAggregatedDiscovery(kinds, path === '/api' ? 'api' : 'apis'), contentType };
  }
  return ok(path === '/api' ? buildApiVersions(host) : buildGroupList(kinds));
}

/** Where the group and version are served the answer is a Status, elsewhere plain text. */
function nothingThere({ registry }: Cluster, path: string): Answer {
  const [, root, group = '', groupVersion = ''] = path.split('/');
  const apiVersion = root === 'api' ? group : `${group}/${groupVersion}`;
  const isServed = registry.all().some(({ entry }) => apiVersionOf(entry) === apiVersion);
  if (isServed) throw new StatusError('NotFound', 'the server could not find the requested resource');
  return { status: 404, body: '404 page not found\n' };
}

/** Of requests whose handler says itself what it can write. */
function wantedOf(request: IncomingMessage): Wanted {
  try {
    return negotiate(request.headers.accept);
  } catch {
    return { format: 'json' };
  }
}
