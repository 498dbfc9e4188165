/**
 * The ports that pods of the demo listen on. Each pod has an address of its own, but a program that listens at all addresses takes the port there, too.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { bindPort } from '../../../src/core/names/bind-ports.ts';
import { ports } from '../../../src/core/names/names.ts';

const shopPort = 8080;
/** Of the Gateway that Holdfast generates. */
const gatewayPort = 80;

export const podPorts: readonly number[] = [...Object.values(ports), bindPort(gatewayPort), shopPort];

/** The network address of the pod range, which no pod gets: a port that is free here is free for pods. */
export const probeHost = '127.64.0.0';

/** Listens as a pod would. Returns false if another program has the port; throws if no pod could listen at all. */
export async function takePort(server: Server, port: number): Promise<boolean> {
  server.listen(port, probeHost);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return false;
    if (codeOf(error) !== 'EADDRNOTAVAIL') throw error;
    throw new Error(
      `the pods of the demo need loopback addresses such as ${probeHost}, but this system (such as macOS) has only 127.0.0.1: run the demo on Linux, or with --context on a cluster`,
      { cause: error },
    );
  }
}

/** Returns those that another program has. */
export async function findTakenPorts(wanted: readonly number[]): Promise<number[]> {
  const isTaken = await Promise.all(wanted.map(isPortTaken));
  return wanted.filter((_, index) => isTaken[index]);
}

async function isPortTaken(port: number): Promise<boolean> {
  const server = createServer();
  const isFree = await takePort(server, port);
  server.close();
  return !isFree;
}

export function describeTakenPorts(taken: readonly number[]): string {
  const [first] = taken;
  const which = taken.length === 1 ? `port ${first} is` : `ports ${taken.join(', ')} are`;
  return `${which} in use at all addresses of this machine (0.0.0.0), and pods of the demo need ${taken.length === 1 ? 'it' : 'them'}: stop the other program while the demo runs. To find it: ss -ltnp sport = :${first}`;
}

/** Such as `EADDRINUSE`: the code of an error of the system. */
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
