/** Handles a request: authentication, then objects, discovery or the OpenAPI document. */
import { StatusError } from '../../status-error.ts';
import type { Cluster } from '../cluster.ts';
import type { User } from '../tokens.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import { buildApiGroup, buildApiVersions, buildGroupList, buildResourceList } from '../output/discovery.ts';
import { buildOpenApiDocument, buildOpenApiIndex } from '../output/openapi.ts';
import { apiAudience } from '../tokens.ts';
import { type ApiResponse, type Document, failureOf, ok } from './response.ts';
import { negotiate, type Wanted } from './negotiation.ts';
import { serveObjects } from './objects.ts';
import type { ApiRequest } from './request.ts';
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

/** Never rejects: a failure is a response, too. */
export async function handleRequest(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  try {
    return await findResponse(cluster, request);
  } catch (error) {
    return failureOf(error);
  }
}

function findResponse(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> | ApiResponse {
  const path = request.path.replace(/\/+$/, '');
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return { kind: 'document', status: 200, body: 'ok' };
  if (path === '/version') return ok(version);
  const user = authenticate(cluster, request);
  const target = findTarget(cluster.registry, path);
  if (target !== undefined) return serveObjects(cluster, target, { request, user });
  return findDocument(cluster, path, request) ?? nothingThere(cluster, path);
}

/** Without a token only the version and the health endpoints can be read. */
function authenticate({ tokens }: Cluster, request: ApiRequest): User {
  const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') {
    const verdict = tokens.verify(token, [apiAudience]);
    if (verdict.ok) return verdict.user;
  }
  throw new StatusError('Unauthorized', 'Unauthorized');
}

function findDocument({ registry }: Cluster, path: string, request: ApiRequest): Document | undefined {
  const kinds = registry.all();
  if (path === '/api') return ok(buildApiVersions(request.headers.host ?? ''));
  if (path === '/apis') return ok(buildGroupList(kinds));
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

/** If the group and version are served the response is a Status, otherwise plain text. */
function nothingThere({ registry }: Cluster, path: string): Document {
  const [, root, group = '', groupVersion = ''] = path.split('/');
  const apiVersion = root === 'api' ? group : `${group}/${groupVersion}`;
  const isServed = registry.all().some(({ entry }) => apiVersionOf(entry) === apiVersion);
  if (isServed) throw new StatusError('NotFound', 'the server could not find the requested resource');
  return { kind: 'document', status: 404, body: '404 page not found\n' };
}

/** Lenient: handlers that support other formats check them. */
export function wantedOf(request: Pick<ApiRequest, 'headers'>): Wanted {
  try {
    return negotiate(request.headers.accept);
  } catch {
    return { format: 'json' };
  }
}
