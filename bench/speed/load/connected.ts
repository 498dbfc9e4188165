/** A connection of a client of the benchmark. */
import { connect, type OnReadOpts, type Socket } from 'node:net';

/** Throws, which ends the client, if the proxy closes the connection later. */
export const connected = (port: number, onread?: OnReadOpts): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const address = { port, host: '127.0.0.1', noDelay: true };
    const socket = connect(onread === undefined ? address : { ...address, onread }, () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => {
      throw new Error('the proxy closed a connection of the load generator');
    });
  });
