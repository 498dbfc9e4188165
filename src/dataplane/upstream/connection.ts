import type { BackendProtocol, BackendTls, Certificate } from '../../wire/routing-table.ts';
import type { Timed } from '../net/deadlines.ts';
import type { SocketMaker } from '../net/sockets.ts';
import type { SocketUser, TcpSocket } from '../net/tcp-socket.ts';
import type { UpstreamStream, UpstreamStreamUser } from '../streams.ts';
import { connectTls } from './tls-socket.ts';

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

/** Reads and writes one version of HTTP on a connection. */
export interface UpstreamCodec extends UpstreamUser {
  /** Returns undefined if the connection takes no more streams. */
  lease(user: UpstreamStreamUser): UpstreamStream | undefined;
}

/** The connections to one pod at one address. */
export type ConnectionGroup = {
  readonly host: string;
  readonly port: number;
  /** Undefined: without TLS. */
  readonly tls: BackendTls | undefined;
  readonly protocol: BackendProtocol;
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
  readonly sockets: SocketMaker;
  createCodec(connection: UpstreamConnection): UpstreamCodec;
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
export class UpstreamConnection implements SocketUser, Timed {
  readonly socket: TcpSocket;
  readonly codec: UpstreamCodec;
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
  /** Stops the time limit of connecting. */
  cancelConnectTimeout: (() => void) | undefined;
  private readonly isHandshaking: () => boolean;
  private reason: string | undefined;

  constructor(group: ConnectionGroup) {
    this.group = group;
    if (group.tls === undefined) {
      this.socket = group.sockets.connect(group);
      this.isHandshaking = () => false;
    } else {
      const { socket, isHandshaking } = connectTls(group, group.tls);
      this.socket = socket;
      this.isHandshaking = isHandshaking;
    }
    this.socket.user = this;
    this.socket.expect('Stream');
    this.codec = group.createCodec(this);
    this.user = this.codec;
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
    this.reason = this.isHandshaking() ? 'Handshake' : 'connect timeout';
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

  // Callbacks of the socket. Each is a fault boundary: see `faults.ts`.

  socketConnected(): void {
    this.cancelConnectTimeout?.();
    this.connected = true;
    this.group.receivedBytes = true;
    const { user } = this;
    try {
      user?.upstreamConnected();
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }

  socketBytes(bytes: Buffer, length: number): void {
    this.silentMs = 0;
    this.group.receivedBytes = true;
    const { user } = this;
    if (user === undefined) {
      this.socket.destroy();
      return;
    }
    try {
      user.upstreamBytes(bytes, length);
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }

  socketDrained(): void {
    const { user } = this;
    try {
      user?.upstreamDrained();
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }

  socketEnded(): void {
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

  socketFinished(): void {}

  socketClosed(reason: string): void {
    this.cancelConnectTimeout?.();
    this.group.closed(this);
    const { user } = this;
    this.user = undefined;
    try {
      user?.upstreamClosed(this.reason ?? reason);
    } catch (error) {
      this.endAfterFault(error, user);
    }
  }
}
