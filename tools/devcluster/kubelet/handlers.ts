/** Calls the handlers of probes and preStop hooks as the kubelet does. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { sleep } from '../../../src/platform/clock.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Container, Handler } from './pod.ts';

/** `run`: runs a command in the environment of the container. */
export type HandlerTarget = {
  container: Container;
  podIp: string;
  run: (command: readonly string[], signal: AbortSignal) => Promise<{ isOk: boolean; output: string }>;
};

export type Verdict = { isHealthy: boolean; message: string };

export interface Prober {
  /** Never rejects. */
  probe(handler: Handler, target: HandlerTarget, options: { signal: AbortSignal; timeoutMs: number }): Promise<Verdict>;
  /** Resolves when the hook has completed; rejects if it failed. No time limit. */
  callHook(handler: Handler, target: HandlerTarget, signal: AbortSignal): Promise<void>;
}

const maxBodyBytes = 10 * 1024;

export const createProber = (clock: Clock): Prober => ({
  async probe(handler, target, { signal, timeoutMs }) {
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => {
      timeout.abort();
    });
    try {
      return await probeOnce(handler, target, AbortSignal.any([signal, timeout.signal]));
    } catch (error) {
      return {
        isHealthy: false,
        message: timeout.signal.aborted ? timeoutMessage(handler, target, timeoutMs) : describeError(error),
      };
    } finally {
      cancel();
    }
  },
  async callHook({ httpGet, exec, sleep: pause }, target, signal) {
    if (exec) await mustSucceed(exec.command, target, signal);
    // The HTTP status is ignored: only a broken connection is a failure.
    else if (httpGet) await get(httpGet, target, { signal, userAgent: 'kube-lifecycle/1.35' });
    else if (pause) await sleep(clock, pause.seconds * 1000, signal);
    else throw new Error('cannot run handler');
  },
});

async function mustSucceed(command: readonly string[], target: HandlerTarget, signal: AbortSignal): Promise<void> {
  const { isOk, output } = await target.run(command, signal);
  if (!isOk) throw new Error(output);
}

async function probeOnce(
  { httpGet, tcpSocket, exec }: Handler,
  target: HandlerTarget,
  signal: AbortSignal,
): Promise<Verdict> {
  if (exec) {
    const { isOk, output } = await target.run(exec.command, signal);
    return { isHealthy: isOk, message: output };
  }
  if (httpGet) {
    const status = await get(httpGet, target, { signal, userAgent: 'kube-probe/1.35' });
    return { isHealthy: status >= 200 && status < 400, message: `HTTP probe failed with statuscode: ${status}` };
  }
  if (!tcpSocket) throw new Error('missing probe handler: devcluster supports httpGet, tcpSocket and exec');
  await dial(tcpSocket.host ?? target.podIp, resolvePort(tcpSocket.port, target.container), signal);
  return { isHealthy: true, message: '' };
}

type HttpGet = NonNullable<Handler['httpGet']>;

function urlOf({ scheme = 'HTTP', host, port, path = '/' }: HttpGet, { podIp, container }: HandlerTarget): URL {
  return new URL(
    path.startsWith('/') ? path : `/${path}`,
    `${scheme.toLowerCase()}://${host || podIp}:${resolvePort(port, container)}`,
  );
}

function timeoutMessage({ httpGet, tcpSocket, exec }: Handler, target: HandlerTarget, timeoutMs: number): string {
  if (httpGet) {
    return `Get "${urlOf(httpGet, target).href}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  }
  if (tcpSocket) return `dial tcp ${tcpSocket.host ?? target.podIp}:${tcpSocket.port}: i/o timeout`;
  return `command timed out: "${exec?.command.join(' ')}" timed out after ${timeoutMs / 1000}s`;
}

/** A name refers to a port of the same container. */
function resolvePort(port: number | string, { ports = [] }: Container): number {
  const found = ports.find(({ name }) => name === port)?.containerPort ?? Number(port);
  if (!Number.isInteger(found)) throw new Error(`couldn't find port: ${port}`);
  return found;
}

function get(
  httpGet: HttpGet,
  target: HandlerTarget,
  { signal, userAgent }: { signal: AbortSignal; userAgent: string },
): Promise<number> {
  const url = urlOf(httpGet, target);
  const own = (httpGet.httpHeaders ?? []).map(({ name, value }): [string, string] => [name, value]);
  const options = {
    agent: false as const,
    headers: { 'user-agent': userAgent, accept: '*/*', ...Object.fromEntries(own) },
    rejectUnauthorized: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    request.once('response', (response) => {
      readStatus(response).then(resolve, reject);
    });
    request.once('error', (error) => {
      reject(new Error(`Get "${url.href}": ${dialError(error, url)}`));
    });
    request.end();
  });
}

function dialError(error: Error, { hostname, port }: URL): string {
  const isRefused = 'code' in error && error.code === 'ECONNREFUSED';
  return isRefused ? `dial tcp ${hostname}:${port || 80}: connect: connection refused` : error.message;
}

/** Reads the body, up to the kubelet's limit: only then is the response complete. */
async function readStatus(response: IncomingMessage): Promise<number> {
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size >= maxBodyBytes) break;
  }
  return response.statusCode ?? 0;
}

function dial(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      reject(
        new Error(
          'code' in error && error.code === 'ECONNREFUSED'
            ? `dial tcp ${host}:${port}: connect: connection refused`
            : error.message,
        ),
      );
    });
  });
}
