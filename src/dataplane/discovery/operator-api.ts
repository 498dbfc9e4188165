/** The operator's discovery API over HTTPS: one replica by its address, the certificate checked against the service's name. */
import { readFile } from 'node:fs/promises';
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Handover, Report } from '../../wire/messages.ts';
import { AppError } from '../../platform/errors.ts';
import { splitLines } from '../../platform/ndjson.ts';

export interface OperatorApi {
  /** The lines of a replica's table stream. Throws OPERATOR_UNREACHABLE or OPERATOR_REFUSED; ends when the replica ends it. */
  tableLines(address: string, signal: AbortSignal): AsyncIterable<string>;
  report(address: string, report: Report): Promise<void>;
  /** Throws where the replica has nobody to tell, too. */
  handOver(address: string, handover: Handover): Promise<void>;
  close(): void;
}

export type OperatorApiOptions = {
  port: number;
  serverName: string;
  ca: string;
  tokenFile: string;
  /** Heartbeats come every 2 s: a stream that is silent for longer than this is dead. */
  silenceLimitMs: number;
};

/** A table of 10,000 endpoints has some 2 MB: beyond this a line is a mistake, and must not fill the memory. */
const maxLineBytes = 64 * 1024 * 1024;
const reportLimitMs = 5000;

type Target = Pick<RequestOptions, 'host' | 'path' | 'method' | 'agent'> & {
  headers?: Record<string, string | number>;
};

export function createOperatorApi(options: OperatorApiOptions): OperatorApi {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });

  const open = async (target: Target, limits: { signal: AbortSignal; body?: string }) => {
    // Read anew each time: the kubelet replaces a projected token long before it expires.
    const token = (await readFile(options.tokenFile, 'utf8')).trim();
    const { port, serverName: servername, ca, silenceLimitMs: timeout } = options;
    const headers = { ...target.headers, host: servername, authorization: `Bearer ${token}` };
    return exchange({ ...target, port, servername, ca, timeout, headers, signal: limits.signal }, limits.body);
  };

  const post = async (to: Pick<Target, 'host' | 'path'>, message: object): Promise<void> => {
    const body = JSON.stringify(message);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const target = { ...to, method: 'POST', agent, headers };
    const response = await open(target, { signal: AbortSignal.timeout(reportLimitMs), body }).catch(unreachable);
    await refuseUnlessOk(response);
    response.resume();
  };

  return {
    async *tableLines(address, signal) {
      const response = await open({ host: address, path: '/v1/table', agent: false }, { signal }).catch(unreachable);
      await refuseUnlessOk(response);
      yield* readLines(response);
    },
    report: (address, report) => post({ host: address, path: '/v1/report' }, report),
    handOver: (address, handover) => post({ host: address, path: '/v1/handover' }, handover),
    close() {
      agent.destroy();
    },
  };
}

/** Resolves with the response's head. Silence destroys the connection, before the head and after it. */
function exchange(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(options, resolve);
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${options.timeout} ms`)));
    sent.end(body);
  });
}

async function refuseUnlessOk(response: IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  response.destroy();
  throw new AppError('OPERATOR_REFUSED', `the operator answered ${status}`, { source: 'upstream', retryable: true });
}

const unreachable = (cause: unknown): never => {
  throw new AppError('OPERATOR_UNREACHABLE', 'the operator cannot be reached', {
    source: 'upstream',
    retryable: true,
    cause,
  });
};

async function* readLines(response: IncomingMessage): AsyncGenerator<string> {
  try {
    for await (const line of splitLines(response, maxLineBytes)) if (line !== '') yield line;
  } catch (error) {
    unreachable(error);
  }
}
