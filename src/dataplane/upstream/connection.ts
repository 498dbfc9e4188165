import net from 'node:net';
import type { Socket } from 'node:net';
import type { Timed } from '../net/deadlines.ts';

/** The current user of the connection; an idle connection has none. */
export interface UpstreamUser {
  /** Whether the app owes an answer; a stream or tunnel may rightly be silent. */
  readonly upstreamAwaited: boolean;
  upstreamConnected(): void;
  /** `bytes` is one buffer for all connections: what is needed later is copied or written before this returns. */
  upstreamBytes(bytes: Buffer, length: number): void;
  /** What was written is out; more is welcome. */
  upstreamDrained(): void;
  /** The app sends no more. */
  upstreamEnded(): void;
  /** The connection is gone, or never came about. */
  upstreamClosed(reason: string): void;
  /** As many attempts to reach the endpoint got no answer: its node is gone, or the way to it, and the connection with them. */
  upstreamUnreachable(attempts: number): void;
}

/** The connections to one pod at one address. */
export type ConnectionGroup = {
  readonly host: string;
  readonly port: number;
  /** Last used last. */
  readonly idle: UpstreamConnection[];
  /** None is kept any more. */
  gone: boolean;
  /** All that are open: connecting, in use and idle. */
  readonly members: Set<UpstreamConnection>;
  /** A sign of life was received since the last sweep. */
  heard: boolean;
  /** A probe is under way; when the last one began; how many got no answer since the last sign of life. See `reachability.ts`. */
  probing: boolean;
  probedAtMs: number;
  failedProbes: number;
  /** What every connection reads into. */
  readonly sharedBytes: Buffer;
  closed(connection: UpstreamConnection): void;
};

/**
 * One connection to an endpoint.
 *
 *   connecting ──► in use ◄──► idle ──(end, bytes nobody asked for, deadline)──► closed
 *       └───────────────┴── error, destroy() ──► closed
 */
export class UpstreamConnection implements Timed {
  readonly socket: Socket;
  user: UpstreamUser | undefined;
  /** It has carried a request before: the app may have closed it already without our knowing. */
  reused = false;
  connected = false;
  deadlineMs = Infinity;
  idleSinceMs = 0;
  /** How long its user has heard nothing, in steps of the sweep of `reachability.ts`. */
  silentMs = 0;
  /** How long the app leaves it open when idle, as its first response said; undefined before it and where it does not say. */
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
      onread: { buffer: group.sharedBytes, callback: (length) => this.bytesCame(length) },
    });
    this.listen();
  }

  /** False: wait for `upstreamDrained` before the next write. */
  write(data: string | Buffer): boolean {
    return typeof data === 'string' ? this.socket.write(data, 'latin1') : this.socket.write(data);
  }

  /** Closes without a word to the user. */
  destroy(): void {
    this.user = undefined;
    this.socket.destroy();
  }

  /** The endpoint cannot be reached any more. */
  abandon(attempts: number): void {
    const { user } = this;
    this.destroy();
    user?.upstreamUnreachable(attempts);
  }

  /** An idle connection has outlived its time. */
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
      this.group.heard = true;
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

  private bytesCame(length: number): boolean {
    this.silentMs = 0;
    this.group.heard = true;
    if (this.user === undefined) {
      this.socket.destroy();
    } else {
      this.user.upstreamBytes(this.group.sharedBytes, length);
    }
    return true;
  }
}
