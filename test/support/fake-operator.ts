/** Replicas of the operator that send what a test determines, over real TLS: one address each, all on one port. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Handover, TableMessage, Report } from '../../src/wire/messages.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import type { Certificates } from '../../tools/demo/certificate.ts';

export interface FakeReplica {
  readonly port: number;
  readonly reports: Report[];
  readonly handovers: Handover[];
  /** Bearer tokens of the requested streams. */
  readonly tokens: string[];
  /** Sends a line on all open streams, and on each that opens later. */
  send(line: string): void;
  sendTable(revision: number, table: RoutingTable, asOfMs?: number): void;
  beat(revision: number, asOfMs: number): void;
  /** Responds to further requests with this status; 200 is the default. */
  answerWith(status: number): void;
  openStreams(): number;
  breakStreams(): void;
  stop(): Promise<void>;
}

export const operatorName = 'holdfast-operator.holdfast-system.svc';

export async function startFakeReplica(
  certificates: Certificates,
  { address, port = 0 }: { address: string; port?: number },
): Promise<FakeReplica> {
  const streams = new Set<ServerResponse>();
  const reports: Report[] = [];
  const handovers: Handover[] = [];
  const tokens: string[] = [];
  let lastTable: string | undefined;
  let status = 200;

  const openStream = (request: IncomingMessage, response: ServerResponse) => {
    tokens.push(request.headers.authorization ?? '');
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    if (lastTable !== undefined) response.write(`${lastTable}\n`);
    streams.add(response);
    response.on('close', () => streams.delete(response));
  };
  const receive = async (bodies: unknown[], request: IncomingMessage, response: ServerResponse) => {
    const text = Buffer.concat(await request.toArray()).toString('utf8');
    bodies.push(JSON.parse(text));
    response.writeHead(204).end();
  };

  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    if (status !== 200) response.writeHead(status).end();
    else if (request.url === '/v1/table') openStream(request, response);
    else if (request.url === '/v1/handover') void receive(handovers, request, response);
    else void receive(reports, request, response);
  });
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address();
  const send = (line: string) => {
    for (const stream of streams) stream.write(`${line}\n`);
  };
  const breakStreams = () => {
    for (const stream of streams) stream.destroy();
  };

  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    reports,
    handovers,
    tokens,
    send,
    sendTable(revision, table, asOfMs = Date.now()) {
      lastTable = JSON.stringify({
        type: 'table',
        replica: address,
        revision: String(revision),
        asOfMs,
        table,
      } satisfies TableMessage);
      send(lastTable);
    },
    beat(revision, asOfMs) {
      send(
        JSON.stringify({
          type: 'heartbeat',
          replica: address,
          revision: String(revision),
          asOfMs,
        } satisfies TableMessage),
      );
    },
    answerWith(other) {
      status = other;
    },
    openStreams: () => streams.size,
    breakStreams,
    async stop() {
      breakStreams();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
