/** `holdfast proxy --table` as a process, servers behind it, and clients that keep cookies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { eventually } from './eventually.ts';
import { fetchOnce } from './fetch-once.ts';
import { freePort } from './free-port.ts';
import { listenLocally } from './proxy-process.ts';

export type Cleanups = (() => unknown)[];

/** A server that responds with its name. */
export async function startServer(name: string, cleanups: Cleanups): Promise<string> {
  const { port, stop } = await listenLocally(createServer((_, response) => response.end(name)));
  cleanups.push(stop);
  return `127.0.0.1:${port}`;
}

export type Finished = { code: number | null; stdout: string; stderr: string };

/** Runs a command of `holdfast` to its end. */
export async function runHoldfast(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], { env });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

/** Of a process, while other tests start theirs. */
const startLimitMs = 60_000;

export type TableProcess = {
  readonly pid: number;
  admin(target: string): Promise<string>;
  stop(): Promise<number | null>;
};

/** Starts a proxy, and waits until it is ready. */
export async function startTableProcess(
  file: string,
  cleanups: Cleanups,
  args: readonly string[] = [],
): Promise<TableProcess> {
  const adminPort = await freePort();
  const child = spawn(process.execPath, ['src/cli/main.ts', 'proxy', '--table', file, ...args], {
    env: { HOLDFAST_ADMIN_PORT: String(adminPort), HOLDFAST_SHUTDOWN_DELAY_MS: '0', HOLDFAST_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const stop = async () => {
    child.kill('SIGTERM');
    return (await exited)[0];
  };
  cleanups.push(stop);
  const fetchAdmin = (target: string) => fetchOnce(`http://127.0.0.1:${adminPort}${target}`);
  const isReady = async () => (await fetchAdmin('/readyz')).ok;
  await eventually(() => isReady().catch(() => false), Boolean, startLimitMs);
  return { pid: child.pid ?? 0, admin: async (target) => (await fetchAdmin(target)).text(), stop };
}

export interface Browser {
  /** Resolves with the name of the server that responded. */
  visit(): Promise<string>;
  readonly cookies: ReadonlyMap<string, string>;
  /** The Set-Cookie of the last response. */
  lastSet(): string;
}

/** `secure`: over TLS, whatever the certificate. */
export function createBrowser(port: number, { secure = false, host = 'shop.example.com' } = {}): Browser {
  const cookies = new Map<string, string>();
  let lastSet = '';
  return {
    cookies,
    lastSet: () => lastSet,
    async visit() {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { host, ...(cookie !== '' && { cookie }) };
      const options = { port, host: '127.0.0.1', headers, agent: false as const };
      const request = secure
        ? https.get({ ...options, servername: host, rejectUnauthorized: false })
        : http.get(options);
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      lastSet = response.headers['set-cookie']?.join('\n') ?? '';
      for (const [, name = '', value = ''] of lastSet.matchAll(/^([^=]+)=([^;]*)/gm)) cookies.set(name, value);
      return `${response.statusCode === 200 ? '' : `${response.statusCode} `}${(await text(response)).trim()}`;
    },
  };
}
