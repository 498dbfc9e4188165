/**
 * The ports that pods of the demo listen on. Each pod does so at an address of its own, which does not help where another program has the port at
 * all addresses.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { containerPort, ports } from '../../../src/core/names/names.ts';

const shopPort = 8080;
/** The Gateway of Holdfast's own making listens there. */
const gatewayPort = 80;

export const podPorts: readonly number[] = [...Object.values(ports), containerPort(gatewayPort), shopPort];

/** The first of the addresses of pods, which no pod gets: what can be had here, a pod can have. */
export const probeHost = '127.64.0.0';

/** Listens as a pod would. False: another program has the port. Throws where no pod could listen at all. */
export async function takePort(server: Server, port: number): Promise<boolean> {
  server.listen(port, probeHost);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return false;
    if (codeOf(error) !== 'EADDRNOTAVAIL') throw error;
    throw new Error(
      `the pods of the demo need addresses such as ${probeHost}, and this system, as macOS, has 127.0.0.1 only: run it on Linux`,
      { cause: error },
    );
  }
}

/** Those of them that another program has. */
export async function findTakenPorts(wanted: readonly number[]): Promise<number[]> {
  const isTaken = await Promise.all(wanted.map(isPortTaken));
  return wanted.filter((_, index) => isTaken[index]);
}

async function isPortTaken(port: number): Promise<boolean> {
  const server = createServer();
  const isOurs = await takePort(server, port);
  server.close();
  return !isOurs;
}

export function describeTakenPorts(taken: readonly number[]): string {
  const [first] = taken;
  const which = taken.length === 1 ? `port ${first} is` : `the ports ${taken.join(', ')} are`;
  return `${which} taken at all addresses of this machine (0.0.0.0) by another program, and pods of the demo listen there: end it for as long as the demo runs. "ss -ltnp sport = :${first}" says which it is`;
}

/** Such as `EADDRINUSE`: the code of an error of the system. */
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
