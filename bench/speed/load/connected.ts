/** A connection of a client of the benchmark. */
import { connect, type Socket } from 'node:net';

/** Throws, which ends the client, if the proxy closes the connection later. */
export const connected = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => {
      throw new Error('the proxy closed a connection of the load generator');
    });
  });
