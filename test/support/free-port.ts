/**
 * Ports for processes that cannot say on which one they listen. Below those that the kernel gives to clients, and to servers that ask for any port: a
 * connection of another test could take one of these before it is bound.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const firstPort = 20_000;
const portsOfWorker = 500;

let next = 0;

/** Each worker of Jest has its own, so two of them cannot find the same one free. Returns none twice to one test file, or to one run of the benchmark. */
export async function freePort(): Promise<number> {
  const first = firstPort + portsOfWorker * (Number(process.env['JEST_WORKER_ID'] ?? 0) % 16);
  while (next < portsOfWorker) {
    const port = first + next;
    next += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} to ${first + portsOfWorker - 1} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
