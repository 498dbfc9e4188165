/**
 * A socket that is bound and does not accept: for the process that keeps it while others accept from it. Node has this only for its own module
 * `cluster`, whose primary closes a socket with the last worker, and resets what is in its queue. The image pins the version of Node.
 */
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

export interface BoundSocket {
  getsockname(address: { port?: number }): number;
  close(): void;
}

const ipv6OrIpv4 = -1;
/** SO_REUSEPORT, in the flags of libuv. */
const reusePortFlag = 2;

/** On every address. Throws if the port is in use. */
export function bindSocket(port: number, reusePort: boolean): BoundSocket {
  const bind: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof bind !== 'function') throw new Error('this version of Node cannot share ports: run without --workers');
  const bound: unknown = Reflect.apply(bind, net, [null, port, ipv6OrIpv4, undefined, reusePort ? reusePortFlag : 0]);
  if (typeof bound === 'number') throw new Error(`bind ${getSystemErrorName(bound)}: port ${port}`);
  if (isBoundSocket(bound)) return bound;
  throw new Error('this version of Node cannot share ports: run without --workers');
}

export function portOf(socket: BoundSocket): number {
  const address: { port?: number } = {};
  socket.getsockname(address);
  return address.port ?? 0;
}

const isBoundSocket = (value: unknown): value is BoundSocket =>
  typeof value === 'object' &&
  value !== null &&
  ['getsockname', 'close'].every((name) => typeof Reflect.get(value, name) === 'function');
