/** What the proxy knows about the client from its connection, for the headers that tell the app. */
import { ForwardedLines, type Hop } from '../http/hop.ts';
import type { Scheme } from '../http/client-scheme.ts';
import { plainAddress } from '../net/addresses.ts';
import type { ProxyHeader } from '../net/proxy-protocol.ts';
import type { TcpSocket } from '../net/tcp-socket.ts';
import type { TrustedProxies } from '../net/trusted-proxies.ts';

export type HopParts = {
  trusted: TrustedProxies;
  /** Of the listener. */
  scheme: Scheme;
  /** With which the connection began, if the PROXY protocol is required. */
  header: ProxyHeader | undefined;
};

/**
 * With the PROXY protocol, the client of the load balancer takes the place of the load balancer: it may be a trusted proxy itself. A client
 * that the load balancer cannot name has its address, but not its trust: the bytes are still those of a stranger.
 */
export function describeHop(socket: TcpSocket, { trusted, header, ...listener }: HopParts): Hop {
  const peer = header?.client?.address ?? socket.remoteAddress;
  const scheme = header?.isTls === true ? 'https' : listener.scheme;
  const address = plainAddress(peer);
  return {
    address,
    isTrusted: speaksForItself(header) && trusted.has(address),
    scheme,
    forwarded: new ForwardedLines(address, scheme),
    localAuthority: () => authorityOf(header?.server ?? { address: socket.localAddress, port: socket.localPort }),
  };
}

/** Whether the address is of who sent the bytes after the header. */
const speaksForItself = (header: ProxyHeader | undefined): boolean =>
  header === undefined || header.isLocal || header.client !== undefined;

function authorityOf({ address, port }: { address: string; port: number }): string {
  const plain = plainAddress(address);
  return `${plain.includes(':') ? `[${plain}]` : plain}:${port}`;
}
