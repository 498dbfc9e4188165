/** A thin HTTP client of an API server that exposes the whole response, and the most frequent requests of the cases. */
import { randomBytes } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Body } from './body.ts';
import { openWatch, type Watch } from './watch.ts';
import type { Credentials } from './kubeconfig.ts';

export type Answer = { status: number; headers: http.IncomingHttpHeaders; text: string; body: Body };

export type Query = Record<string, string>;

export type RequestOptions = {
  /** Sent as JSON; a string is sent unchanged. */
  body?: unknown;
  contentType?: string;
  accept?: string;
  query?: Query;
  /** Replaces the credentials of the kubeconfig; empty: none. */
  token?: string;
};

export type PatchType = 'json' | 'merge' | 'strategic';

export interface ConformanceApi {
  /** The namespace of all cases: `uniqueName` separates their objects. */
  readonly namespace: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Fails if the server does not respond with 200. */
  watch(path: string, query?: Query): Promise<Watch>;
  get(path: string, query?: Query): Promise<Answer>;
  post(path: string, body: object, query?: Query): Promise<Answer>;
  put(path: string, body: object, query?: Query): Promise<Answer>;
  patch(type: PatchType, path: string, body: unknown, query?: Query): Promise<Answer>;
  /** Server-side apply. */
  apply(manager: string, path: string, body: object, query?: Query): Promise<Answer>;
  delete(path: string, options?: object, query?: Query): Promise<Answer>;
  /** For objects outside of the namespace that would affect other tests. */
  deleteAtEnd(path: string): void;
}

const patchTypes: Record<PatchType | 'apply', string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export type Connection = ConformanceApi & { toDeleteAtEnd: readonly string[]; close(): void };

export function connect(credentials: Credentials, namespace: string): Connection {
  const secure = credentials.server.startsWith('https:');
  const { ca, cert, key } = credentials;
  const agent = secure ? new https.Agent({ keepAlive: true, ca }) : new http.Agent({ keepAlive: true });
  // TLS authenticates the connection: a request without credentials must not reuse one with a client certificate.
  const knownAgent = secure ? new https.Agent({ keepAlive: true, ca, cert, key }) : agent;

  const send = (method: string, path: string, options: RequestOptions): Promise<http.IncomingMessage> => {
    const url = new URL(path, credentials.server);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.append(name, value);
    const payload = typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
    const headers = headersOf(options, credentials.token, payload);
    const chosen = options.token === undefined ? knownAgent : agent;
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url, { method, headers, agent: chosen }, resolve);
      request.on('error', reject);
      request.end(payload);
    });
  };
  const request = async (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
    readAnswer(await send(method, path, options));

  const toDeleteAtEnd: string[] = [];
  return {
    namespace,
    toDeleteAtEnd,
    deleteAtEnd: (path) => {
      toDeleteAtEnd.push(path);
    },
    request,
    watch: (path, query = {}) => openWatch(() => send('GET', path, { query: { watch: 'true', ...query } })),
    get: (path, query = {}) => request('GET', path, { query }),
    post: (path, body, query = {}) => request('POST', path, { body, query }),
    put: (path, body, query = {}) => request('PUT', path, { body, query }),
    patch: (type, path, body, query = {}) => request('PATCH', path, { body, query, contentType: patchTypes[type] }),
    apply: (manager, path, body, query = {}) =>
      request('PATCH', path, { body, query: { fieldManager: manager, ...query }, contentType: patchTypes.apply }),
    delete: (path, options, query = {}) => request('DELETE', path, { query, ...(options ? { body: options } : {}) }),
    close: () => {
      agent.destroy();
      knownAgent.destroy();
    },
  };
}

function headersOf(
  { contentType, accept, token }: RequestOptions,
  ownToken: string | undefined,
  payload: string | undefined,
): http.OutgoingHttpHeaders {
  const bearer = token ?? ownToken;
  return {
    accept: accept ?? 'application/json',
    // Node does not add the content length for DELETE.
    ...(payload === undefined
      ? {}
      : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(payload) }),
    ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
  };
}

async function readAnswer(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text, body: parseBody(text) };
}

/** `{}` if it is not JSON: a case that expects JSON fails by its assertion. */
function parseBody(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {} as Body;
  }
}

/** Returns a name that no other case uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}
