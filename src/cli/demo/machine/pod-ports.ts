/**
 * The ports that pods of the demo listen on. Each pod does so at an address of its own, which does not help where another program has the port at
 * all addresses.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { containerPort, ports } from '../../../core/names/names.ts';
import { codeOf } from './error-code.ts';

const shopPort = 8080;
/** The Gateway of Holdfast's own making listens there. */
const gatewayPort = 80;

export const podPorts: readonly number[] = [...Object.values(ports), containerPort(gatewayPort), shopPort];

/** The first of the addresses of pods, which no pod gets: what can be had here, a pod can have. */
export const probeHost = '127.64.0.0';

/** Throws where a pod could not. */
export async function listenAsPod(server: Server, port: number): Promise<void> {
  server.listen(port, probeHost);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (codeOf(error) !== 'EADDRNOTAVAIL') throw error;
    throw new Error(`the pods of the demo need addresses such as ${probeHost}, and this system, as macOS, has 127.0.0.1 only: run it on Linux`, { cause: error });
  }
}

/** Those of them that another program has. */
export async function findTakenPorts(wanted: readonly number[]): Promise<number[]> {
  const isTaken = await Promise.all(wanted.map(isPortTaken));
  return wanted.filter((_, index) => isTaken[index]);
}

async function isPortTaken(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listenAsPod(server, port);
    return false;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return true;
    throw error;
  } finally {
    server.close();
  }
}

export function describeTakenPorts(taken: readonly number[]): string {
  const [first] = taken;
  const which = taken.length === 1 ? `port ${first} is` : `the ports ${taken.join(', ')} are`;
  return `${which} taken at all addresses of this machine (0.0.0.0) by another program, and pods of the demo listen there: end it for as long as the demo runs. "ss -ltnp sport = :${first}" says which it is`;
}
