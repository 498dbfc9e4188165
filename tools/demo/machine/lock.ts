/**
 * One demo at a time on a machine: pods of two demos would have the same loopback addresses. The lock is a listening port at one of these addresses:
 * the kernel frees it however the process ends. A lock file would remain, and the process id in it could belong to another program.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { ports } from '../../../src/core/names/names.ts';
import { describeTakenPorts, probeHost, takePort } from './pod-ports.ts';

/** The pods need this port, too: where another program uses it, the demo cannot run. */
export const lockPort = ports.sidecar;
/** Another program may wait for the client to send first. */
const answerLimitMs = 1000;

/** Throws if another demo or program has the port. Returns a function that releases the lock. */
export async function takeLock(): Promise<() => Promise<void>> {
  const server = createServer((caller) => {
    caller.on('error', () => undefined);
    caller.end(`holdfast demo ${process.pid}`);
  });
  if (!(await takePort(server, lockPort))) throw new Error(await describeHolder());
  return async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
}

async function describeHolder(): Promise<string> {
  const socket = connect({ port: lockPort, host: probeHost, signal: AbortSignal.timeout(answerLimitMs) });
  const answer = await text(socket).catch(() => '');
  const pid = /^holdfast demo (\d+)$/.exec(answer)?.[1];
  if (pid === undefined) return describeTakenPorts([lockPort]);
  return `another demo is running as process ${pid}: stop it with Ctrl-C in its terminal, or with kill ${pid}`;
}
