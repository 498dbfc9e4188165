/** What is known of a connection of a client when its first request may come. */
import type { Scheme } from '../http/client-scheme.ts';
import type { Place } from '../net/admission.ts';
import type { ProxyHeader } from '../net/proxy-protocol.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';

/** The listener of a connection: `port` is its port in the routing table. */
export type ClientListener = { port: number; scheme: Scheme };

export type Opened = {
  listener: ClientListener;
  place: Place;
  /** Called once, when the connection is closed. */
  closed: () => void;
  /** With which the connection began, if the PROXY protocol is required. */
  header?: ProxyHeader | undefined;
  /** Absent: the connection is not encrypted. */
  tls?: ConnectionTls | undefined;
  /** By ALPN; without TLS, a client of HTTP/2 shows it by its first bytes. */
  protocol: 'HTTP1' | 'HTTP2';
  /** Continues the connection as one of HTTP/2. */
  switchToHttp2(bytes: Buffer): void;
  /** The time limit of the first head, which began when the connection was accepted. */
  deadlineMs: number;
};
