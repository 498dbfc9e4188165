/** What a connection remembers of its handshake. */
import type { HostMap } from '../../core/routing/hostnames.ts';
import type { TlsListener, TlsPort } from './termination.ts';

/**
 * A client may use a connection for another host that the certificate covers (RFC 9110, section 7.4). If another listener has that host, its
 * rules would not have applied to the handshake: such a request gets 421, and the client repeats it on a connection of its own.
 */
export class ConnectionTls {
  private readonly port: TlsPort;
  private readonly listener: TlsListener;
  /** The last host that belonged to the connection, and the listeners by which it did. */
  private host: string;
  private listeners: HostMap<TlsListener>;
  /** The client had to present a certificate. */
  private readonly isVerified: boolean;

  /** `serverName`: empty if the client sent none. */
  constructor(port: TlsPort, listener: TlsListener, serverName: string) {
    this.port = port;
    this.listener = listener;
    this.host = serverName;
    this.listeners = port.listeners;
    this.isVerified = demandsCertificate(listener);
  }

  /**
   * Gateway API, Listener.hostname: a host that no listener has is not misdirected, but unknown. If the listener has begun to demand
   * certificates, the client must repeat the request where it presents one. With other authorities than before, open connections continue:
   * an authority is replaced more often than it is taken back.
   */
  isMisdirected(host: string): boolean {
    const { listeners } = this.port;
    if (!this.isVerified && demandsCertificate(this.listener)) return true;
    if (host === this.host && listeners === this.listeners) return false;
    const owner = listeners.find(host, itself, undefined);
    if (owner !== undefined && owner !== this.listener) return true;
    this.host = host;
    this.listeners = listeners;
    return false;
  }
}

const demandsCertificate = ({ certificates }: TlsListener): boolean => certificates.clients?.mode === 'Required';

const itself = <T>(value: T): T => value;

/** Returns the listener of a server name; undefined if no listener has it. `serverName`: empty if the client sent none. */
export const listenerFor = (port: TlsPort, serverName: string): TlsListener | undefined =>
  port.listeners.find(serverName, itself, undefined);
