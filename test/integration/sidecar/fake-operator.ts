/** An operator as the sidecar sees it: TLS, bearer tokens, the two calls. The test says what it answers. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { DrainStatus, DrainSummary } from '../../../src/wire/messages.ts';
import type { TestCertificates } from '../../support/certificates.ts';

/** `hang` never answers, `status` is a bare HTTP status, `body` a raw 200. */
export type Behaviour = DrainStatus | { hang: true } | { status: number } | { body: string };

export type FakeOperator = {
  port: number;
  /** What it does from now on. */
  answer(next: Behaviour): void;
  /** Resolves when as many more drain questions have come. */
  asked(times: number): Promise<void>;
  tokens: Set<string | undefined>;
  /** Summaries are answered with 503 for as many times. */
  refuseSummaries(times: number): void;
  /** Resolves with the first summary that was taken. */
  summary: Promise<DrainSummary>;
  close(): Promise<void>;
};

export async function startFakeOperator(
  certificates: TestCertificates,
  listen = { host: '127.0.0.1', port: 0 },
): Promise<FakeOperator> {
  let next: Behaviour = { status: 503 };
  let count = 0;
  let refusals = 0;
  const waiting: { at: number; resolve: () => void }[] = [];
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
    if ('hang' in next) return;
    if ('status' in next) response.writeHead(next.status).end();
    else {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('body' in next ? next.body : JSON.stringify(next));
    }
    count += 1;
    for (const waiter of waiting) if (count >= waiter.at) waiter.resolve();
  });
  await new Promise<void>((resolve) => {
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    answer(value) {
      next = value;
    },
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

/** The answer for a pod with as many sessions, whose grace ends in an hour unless said otherwise. */
export const terminatingWith = (sessions: number, killAtMs = Date.now() + 3_600_000): DrainStatus => ({
  terminating: true,
  killAtMs,
  sources: [{ type: 'Proxy', known: true, sessions }],
});
