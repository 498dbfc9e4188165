/** An operator for the sidecar: TLS, bearer tokens, the two calls. The test sets its response. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { DrainStatus, DrainSummary } from '../../../src/wire/messages.ts';
import type { Certificates } from '../../../tools/demo/certificate.ts';

/** `hang` never responds, `status` is an HTTP status without a body, `body` a raw 200. */
export type Behaviour = DrainStatus | { hang: true } | { status: number } | { body: string };

export type FakeOperator = {
  port: number;
  /** Sets its response from now on. */
  answer(next: Behaviour): void;
  /** Resolves after this many more drain status requests. */
  asked(times: number): Promise<void>;
  /** From now on statuses have versions, and requests wait for another one. `cutAfterMs`: such a request is cut off then. */
  holdRequests(options?: { cutAfterMs?: number }): void;
  /** The times for which the requests asked to wait. */
  waits: number[];
  tokens: Set<string | undefined>;
  /** Rejects this many summaries with 503. */
  refuseSummaries(times: number): void;
  /** Resolves with the first accepted summary. */
  summary: Promise<DrainSummary>;
  close(): Promise<void>;
};

export async function startFakeOperator(
  certificates: Certificates,
  listen = { host: '127.0.0.1', port: 0 },
): Promise<FakeOperator> {
  let next: Behaviour = { status: 503 };
  let count = 0;
  let refusals = 0;
  const waiting: { at: number; resolve: () => void }[] = [];
  const waits: number[] = [];
  const held = new Set<() => void>();
  let holding: { cutAfterMs?: number } | undefined;
  const version = () =>
    holding && 'terminating' in next && next.terminating ? { version: JSON.stringify(next.sources) } : {};
  const tokens = new Set<string | undefined>();
  const { promise: summary, resolve: gotSummary } = Promise.withResolvers<DrainSummary>();

  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    tokens.add(request.headers.authorization);
    if (request.method === 'POST' && request.url === '/v1/drained') {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        refusals -= 1;
        if (refusals >= 0) {
          response.writeHead(503).end();
          return;
        }
        response.writeHead(204).end();
        gotSummary(JSON.parse(body) as DrainSummary);
      });
      return;
    }
    const respond = () => {
      if ('hang' in next) return;
      if ('status' in next) response.writeHead(next.status).end();
      else {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('body' in next ? next.body : JSON.stringify({ ...next, ...version() }));
      }
    };
    count += 1;
    for (const waiter of waiting) if (count >= waiter.at) waiter.resolve();
    const asked = new URL(request.url ?? '', 'https://operator').searchParams;
    const waitMs = Number(asked.get('wait'));
    if (holding === undefined || waitMs === 0 || asked.get('known') !== version().version) return respond();
    waits.push(waitMs);
    const timer = setTimeout(
      holding.cutAfterMs === undefined ? end : () => request.socket.destroy(),
      holding.cutAfterMs ?? waitMs,
    );
    function end() {
      clearTimeout(timer);
      held.delete(end);
      respond();
    }
    held.add(end);
    request.socket.once('close', () => {
      clearTimeout(timer);
      held.delete(end);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    answer(value) {
      next = value;
      for (const end of held) end();
    },
    holdRequests(options = {}) {
      holding = options;
    },
    waits,
    asked: (times) =>
      new Promise((resolve) => {
        waiting.push({ at: count + times, resolve });
      }),
    refuseSummaries(times) {
      refusals = times;
    },
    tokens,
    summary,
    async close() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]().catch(() => undefined);
    },
  };
}

/** Returns the status of a terminating pod with this many sessions, by default with an hour of grace left. */
export const terminatingWith = (sessions: number, killAtMs = Date.now() + 3_600_000): DrainStatus => ({
  terminating: true,
  killAtMs,
  sources: [{ type: 'Proxy', known: true, sessions }],
});
