import net from 'node:net';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { BackendTls, Certificate } from '../../wire/routing-table.ts';
import type { Timed } from '../net/deadlines.ts';
import { tlsFailure, tlsOptionsOf } from './tls.ts';

/** The current user of the connection; an idle connection has none. */
export interface UpstreamUser {
  /** Whether the app owes a response; a stream or tunnel may be silent. */
  readonly upstreamAwaited: boolean;
  upstreamConnected(): void;
  /** `bytes` is one buffer for all connections: bytes that are needed later must be copied or written before this returns. */
  upstreamBytes(bytes: Buffer, length: number): void;
  /** The written data was flushed: the next write is possible. */
  upstreamDrained(): void;
  /** The app sent FIN. */
  upstreamEnded(): void;
  /** The connection is closed, or could not be opened. */
  upstreamClosed(reason: string): void;
  /** Several attempts to reach the endpoint got no response: its node or the network to it may have failed, and the connection is closed. */
  upstreamUnreachable(): void;
  /** Called with what one of these callbacks threw; the connection is closed by then. */
  fault(error: unknown): void;
}

/** The connections to one pod at one address. */
export type ConnectionGroup = {
  readonly host: string;
  readonly port: number;
  /** Undefined: without TLS. */
  readonly tls: BackendTls | undefined;
  /** Undefined: the proxy presents none. */
  readonly clientCertificate: Certificate | undefined;
  /** Last used last. */
  readonly idle: UpstreamConnection[];
  /** Connections are no longer kept. */
  gone: boolean;
  /** By the table, its node is lost. */
  nodeLost: boolean;
  /** All that are open: connecting, in use and idle. */
  readonly members: Set<UpstreamConnection>;
  /** Requests that wait for the endpoint, to connect, to accept their bodies or to begin its answer; counted by their exchanges. */
  unanswered: number;
  /** Bytes or a connection were received since the last sweep. */
  receivedBytes: boolean;
  /** A probe is in flight; when the last one began; how many got no response since the last sign of life. See `health.ts`. */
  probing: boolean;
  probedAtMs: number;
  failedProbes: number;
  /** The buffer into which every connection reads. */
  readonly sharedBytes: Buffer;
  closed(connection: UpstreamConnection): void;
  /** A callback of a connection without a user threw. */
  fault(error: unknown): void;
};

/**
 * One connection to an endpoint.
 *
 *   connecting ──► in use ◄──► idle ──(end, unsolicited bytes, deadline)──► closed
 *       └───────────────┴── error, destroy() ──► closed
 */
export class UpstreamConnection implements Timed {
  readonly socket: Socket;
  /** The event after which a request can be sent. */
  readonly readyEvent: 'connect' | 'secureConnect';
  user: UpstreamUser | undefined;
  /** It has carried a request before: the app may have closed it already, unknown to us. */
  reused = false;
  connected = false;
  deadlineMs = Infinity;
  idleSinceMs = 0;
  /** How long its user has received nothing, in steps of the sweep of `health.ts`. */
  silentMs = 0;
  /** How long the app keeps it open when idle, from its first response; undefined before it and if the response does not contain it. */
  idleLimitMs: number | undefined;
  readonly group: ConnectionGroup;
  private reason = 'closed';

  constructor(group: ConnectionGroup, user: UpstreamUser) {
    this.group = group;
    this.user = user;
    const options = {
      host: group.host,
      port: group.port,
      noDelay: true,
      keepAlive: true,
      // Finds a dead node below a silent stream: after 15 s, ten probes of the kernel in 10 s. The kernel of a pod that stands still responds.
      keepAliveInitialDelay: 15_000,
      allowHalfOpen: true,
      onread: { buffer: group.sharedBytes, callback: (length: number) => this.bytesReceived(length) },
    };
    this.readyEvent = group.tls === undefined ? 'connect' : 'secureConnect';
    this.socket =
      group.tls === undefined
        ? net.connect(options)
        : tls.connect({ ...options, ...tlsOptionsOf(group.tls, group.clientCertificate) });
    this.listen();
  }

  /** False: wait for `upstreamDrained` before the next write. */
  write(data: string | Buffer): boolean {
    return typeof data === 'string' ? this.socket.write(data, 'latin1') : this.socket.write(data);
  }

  /** Closes without notifying the user. */
  destroy(): void {
    this.user = undefined;
    this.socket.destroy();
  }

  /** The endpoint is unreachable. */
  abandon(): void {
    const { user } = this;
    this.destroy();
    try {
      user?.upstreamUnreachable();
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }

  /** The idle timeout has passed. */
  deadlinePassed(): void {
    this.destroy();
  }

  connectTimedOut(): void {
    this.reason = this.isHandshaking ? 'Handshake' : 'connect timeout';
    this.socket.destroy();
  }

  fault(error: unknown): void {
    this.endAfterFault(error, this.user);
  }

  /** `user`: whose callback threw. It may have returned the connection by then, and another request may use it. */
  private endAfterFault(error: unknown, user: UpstreamUser | undefined): void {
    if (this.user === user) this.destroy();
    if (user === undefined) this.group.fault(error);
    else user.fault(error);
  }

  /** Every callback is a fault boundary: see `exchange/faults.ts`. */
  private listen(): void {
    this.socket.once(this.readyEvent, () => {
      this.connected = true;
      this.group.receivedBytes = true;
      const { user } = this;
      try {
        user?.upstreamConnected();
      } catch (error) {
        this.endAfterFault(error, user);
      }
    });
    this.socket.on('drain', () => {
      const { user } = this;
      try {
        user?.upstreamDrained();
      } catch (error) {
        this.endAfterFault(error, user);
      }
    });
    this.socket.on('end', () => this.ended());
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.reason = this.isHandshaking ? tlsFailure(error) : (error.code ?? error.message);
      // TLS reports a record that cannot be decrypted, and leaves the connection open.
      this.socket.destroy();
    });
    this.socket.on('close', () => this.closed());
  }

  /** The endpoint has accepted the connection, and TLS has not begun. */
  private get isHandshaking(): boolean {
    return this.group.tls !== undefined && !this.connected && !this.socket.connecting;
  }

  private ended(): void {
    const { user } = this;
    if (user === undefined) {
      this.socket.destroy();
      return;
    }
    try {
      user.upstreamEnded();
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }

  private closed(): void {
    this.group.closed(this);
    const { user } = this;
    this.user = undefined;
    try {
      user?.upstreamClosed(this.reason);
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }

  private bytesReceived(length: number): boolean {
    this.silentMs = 0;
    this.group.receivedBytes = true;
    const { user } = this;
    if (user === undefined) {
      this.socket.destroy();
      return true;
    }
    try {
      user.upstreamBytes(this.group.sharedBytes, length);
    } catch (error) {
      this.endAfterFault(error, user);
    }
    return true;
  }
}
