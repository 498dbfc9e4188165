import net from 'node:net';
import type { Socket } from 'node:net';
import type { Timed } from '../net/deadlines.ts';

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
}

/** The connections to one pod at one address. */
export type ConnectionGroup = {
  readonly host: string;
  readonly port: number;
  /** Last used last. */
  readonly idle: UpstreamConnection[];
  /** Connections are no longer kept. */
  gone: boolean;
  /** All that are open: connecting, in use and idle. */
  readonly members: Set<UpstreamConnection>;
  /** Bytes or a connection were received since the last sweep. */
  receivedBytes: boolean;
  /** A probe is in flight; when the last one began; how many got no response since the last sign of life. See `health.ts`. */
  probing: boolean;
  probedAtMs: number;
  failedProbes: number;
  /** The buffer into which every connection reads. */
  readonly sharedBytes: Buffer;
  closed(connection: UpstreamConnection): void;
};

/**
 * One connection to an endpoint.
 *
 *   connecting ──► in use ◄──► idle ──(end, unsolicited bytes, deadline)──► closed
 *       └───────────────┴── error, destroy() ──► closed
 */
export class UpstreamConnection implements Timed {
  readonly socket: Socket;
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
    this.socket = net.connect({
      host: group.host,
      port: group.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      allowHalfOpen: true,
      onread: { buffer: group.sharedBytes, callback: (length) => this.bytesReceived(length) },
    });
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
    user?.upstreamUnreachable();
  }

  /** The idle timeout has passed. */
  deadlinePassed(): void {
    this.destroy();
  }

  connectTimedOut(): void {
    this.reason = 'connect timeout';
    this.socket.destroy();
  }

  private listen(): void {
    this.socket.on('connect', () => {
      this.connected = true;
      this.group.receivedBytes = true;
      this.user?.upstreamConnected();
    });
    this.socket.on('drain', () => this.user?.upstreamDrained());
    this.socket.on('end', () => {
      if (this.user === undefined) {
        this.socket.destroy();
      } else {
        this.user.upstreamEnded();
      }
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.reason = error.code ?? error.message;
    });
    this.socket.on('close', () => {
      this.group.closed(this);
      const user = this.user;
      this.user = undefined;
      user?.upstreamClosed(this.reason);
    });
  }

  private bytesReceived(length: number): boolean {
    this.silentMs = 0;
    this.group.receivedBytes = true;
    if (this.user === undefined) {
      this.socket.destroy();
    } else {
      this.user.upstreamBytes(this.group.sharedBytes, length);
    }
    return true;
  }
}
