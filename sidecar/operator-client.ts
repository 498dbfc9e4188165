/**
 * Asks the operator how many sessions the pod still has. Every replica can answer: the one that answered last is asked
 * first, and when it fails the next is tried at once. Whatever is not a clear answer throws, and is unknown to the gate.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { DrainStatus, DrainSummary } from '../src/wire/messages.ts';
import type { OperatorAddress } from './config.ts';
import { parseDrainStatus } from '../src/wire/drain.ts';
import { describeError } from '../src/platform/errors.ts';

export interface OperatorClient {
  askDrain(signal: AbortSignal): Promise<DrainStatus>;
  reportDrained(summary: DrainSummary, signal: AbortSignal): Promise<void>;
  /** Drops idle connections; the client can be used again. */
  close(): void;
}

type Call = { method: 'GET' | 'POST'; path: string; body?: string; signal: AbortSignal };

/** For one try with one replica: an answer is a few hundred bytes, a replica that needs longer is sick. */
const tryTimeoutMs = 2000;
const maxAnswerBytes = 64 * 1024;

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;

export function createOperatorClient(operator: OperatorAddress, resolve: Resolve): OperatorClient {
  const agent = new Agent({ keepAlive: true, ca: operator.ca, servername: operator.serverName });
  /** The replica that answered last, and all that the name resolved to last. */
  let last: string | undefined;
  let replicas: string[] = [];

  /**
   * The name is resolved only after a failure: the search list of a pod turns one look-up into many. Where the DNS is
   * away, what it said before will do.
   */
  async function* candidates(): AsyncGenerator<string> {
    const first = last;
    if (first !== undefined) yield first;
    replicas = await resolve(operator.host).catch((error: unknown) => {
      if (replicas.length === 0) throw error;
      return replicas;
    });
    for (const address of replicas) if (address !== first) yield address;
  }

  async function request(call: Call): Promise<string> {
    const failures: string[] = [];
    for await (const address of candidates()) {
      try {
        // The kubelet renews the projected token: it is read each time.
        const token = (await readFile(operator.tokenFile, 'utf8')).trim();
        const answer = await exchange({ agent, host: address, port: operator.port }, call, token);
        last = address;
        return answer;
      } catch (error) {
        call.signal.throwIfAborted();
        failures.push(`${address}: ${describeError(error)}`);
      }
    }
    throw new Error(failures.join('; '));
  }

  return {
    async askDrain(signal) {
      const status = parseDrainStatus(await request({ method: 'GET', path: '/v1/drain', signal }));
      if ('problem' in status) throw new Error(status.problem);
      return status.value;
    },
    async reportDrained(summary, signal) {
      await request({ method: 'POST', path: '/v1/drained', body: JSON.stringify(summary), signal });
    },
    close() {
      agent.destroy();
    },
  };
}

function exchange(target: RequestOptions, { method, path, body, signal }: Call, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({
      ...target,
      method,
      path,
      signal,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${tryTimeoutMs} ms`)), tryTimeoutMs);
    request.once('response', (response) => {
      readBody(response).then(resolve, reject);
    });
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
    });
    request.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString('utf8');
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`answered ${status} ${body.slice(0, 200)}`.trimEnd());
  return body;
}
