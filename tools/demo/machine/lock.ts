/**
 * One demo at a time on a machine: two would have pods at the same addresses of the loopback. Who listens at one of these addresses holds the
 * lock: the system frees it however the process ends, as it would not remove a file; and a process id in a file may be another program's by now.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { ports } from '../../../src/core/names/names.ts';
import { describeTakenPorts, probeHost, takePort } from './pod-ports.ts';

/** A port that the pods need as well: where another program has it, there can be no demo. */
export const lockPort = ports.sidecar;
/** A program of another kind may wait for us to speak first. */
const answerLimitMs = 1000;

/** Throws where a demo runs, or where it cannot be known. The answer ends the lock. */
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
  return `a demo runs already, as process ${pid}: end it with Ctrl-C where it was started, or by kill ${pid}`;
}
