/** Replicas of the operator that send what a test determines, over real TLS: one address each, all on one port. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Handover, Hello, Report, StreamMessage } from '../../src/wire/messages.ts';
import { createVersions } from '../../src/operator/discovery/versions.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import { deltaFor, diffTables, type TableDelta } from '../../src/wire/table-delta.ts';
import type { Certificates } from '../../tools/demo/certificate.ts';

export interface FakeReplica {
  readonly port: number;
  readonly reports: Report[];
  /** Sessions by pod UID, as all reports together say. */
  sessions(): Record<string, number>;
  readonly handovers: Handover[];
  /** What the proxies had when they opened their streams. */
  readonly hellos: Hello[];
  /** Bearer tokens of the requested streams. */
  readonly tokens: string[];
  /** Sends a line on all open streams. */
  send(line: string): void;
  /** To each stream what differs from the table before, as the operator does. */
  sendTable(revision: number, table: RoutingTable, asOfMs?: number): void;
  beat(revision: number, asOfMs: number): void;
  /** Responds to further requests with this status; 200 is the default. */
  answerWith(status: number): void;
  openStreams(): number;
  /** What was sent last to any stream. */
  lastDelta(): TableDelta | undefined;
  breakStreams(): void;
  stop(): Promise<void>;
}

export const operatorName = 'holdfast-operator.holdfast-system.svc';

export async function startFakeReplica(
  certificates: Certificates,
  { address, port = 0 }: { address: string; port?: number },
): Promise<FakeReplica> {
  const versions = createVersions();
  /** With the table that was sent last. */
  const streams = new Map<ServerResponse, { have: Hello['have']; table?: RoutingTable }>();
  const hellos: Hello[] = [];
  const reports: Report[] = [];
  const handovers: Handover[] = [];
  const tokens: string[] = [];
  let last: { revision: number; table: RoutingTable; asOfMs: number } | undefined;
  let nonce = 0;
  let lastDelta: TableDelta | undefined;
  let status = 200;

  const sendLast = (stream: ServerResponse) => {
    const state = streams.get(stream);
    if (last === undefined || state === undefined) return;
    const { revision, table, asOfMs } = last;
    const delta =
      state.table === undefined ? deltaFor(state.have, table, versions) : diffTables(state.table, table, versions);
    state.table = table;
    lastDelta = delta;
    nonce += 1;
    const message: StreamMessage = {
      type: 'delta',
      replica: address,
      nonce,
      revision: String(revision),
      asOfMs,
      delta,
    };
    stream.write(`${JSON.stringify(message)}\n`);
  };
  const openStream = async (request: IncomingMessage, response: ServerResponse) => {
    tokens.push(request.headers.authorization ?? '');
    const hello = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as Hello;
    hellos.push(hello);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    streams.set(response, hello);
    response.on('close', () => streams.delete(response));
    sendLast(response);
  };
  const receive = async (bodies: unknown[], request: IncomingMessage, response: ServerResponse) => {
    const text = Buffer.concat(await request.toArray()).toString('utf8');
    bodies.push(JSON.parse(text));
    if (bodies === handovers) response.writeHead(204).end();
    else response.writeHead(200).end(JSON.stringify({ complete: false }));
  };

  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    if (status !== 200) response.writeHead(status).end();
    else if (request.url === '/v1/resources') void openStream(request, response);
    else if (request.url === '/v1/handover') void receive(handovers, request, response);
    else void receive(reports, request, response);
  });
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address();
  const send = (line: string) => {
    for (const stream of streams.keys()) stream.write(`${line}\n`);
  };
  const breakStreams = () => {
    for (const stream of streams.keys()) stream.destroy();
  };

  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    reports,
    sessions() {
      const counts: Record<string, number> = {};
      const last = reports.findLastIndex(({ since }) => since === undefined);
      for (const { endpoints } of reports.slice(Math.max(last, 0))) {
        for (const { uid, sessions } of endpoints) counts[uid] = sessions;
      }
      return counts;
    },
    handovers,
    hellos,
    tokens,
    send,
    sendTable(revision, table, asOfMs = Date.now()) {
      last = { revision, table, asOfMs };
      for (const stream of streams.keys()) sendLast(stream);
    },
    beat(revision, asOfMs) {
      send(
        JSON.stringify({
          type: 'heartbeat',
          replica: address,
          revision: String(revision),
          asOfMs,
        } satisfies StreamMessage),
      );
    },
    answerWith(other) {
      status = other;
    },
    openStreams: () => streams.size,
    lastDelta: () => lastDelta,
    breakStreams,
    async stop() {
      breakStreams();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
