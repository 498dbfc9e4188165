/** Servers that only this machine can reach. */
import { once } from 'node:events';
import type { Server } from 'node:net';
import type { Address } from './demo-cluster.ts';

/** Listens on a free port of the loopback. */
export async function listenOnLoopback(server: Server): Promise<Address> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { host: address.address, port: address.port };
}
