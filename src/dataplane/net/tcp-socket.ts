/**
 * A TCP connection as the request path sees it. Two makers have it: `handle-socket.ts`, which costs least, and `stream-socket.ts` on the sockets
 * of `node:net` and `node:tls`. All tests of the request path run on both.
 *
 *   open ──end()──► FIN follows the written bytes ──FIN received──► closed
 *     └── destroy(), reset(), error ──► closed
 */
export interface TcpSocket {
  /** Receives what happens on the connection from now on. To be set in the turn in which the socket was made. */
  user: SocketUser;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly isDestroyed: boolean;
  /** Bytes that the kernel has not accepted yet. */
  readonly queuedBytes: number;
  /** Nothing should be written before `socketDrained`. */
  readonly needsDrain: boolean;
  /** FIN was sent after everything that was written. */
  readonly isFinished: boolean;
  /**
   * Strings are latin1. A Buffer must not change before it was written: never one that another read may fill. Returns false if the next write
   * must wait for `socketDrained`.
   */
  write(data: string | Buffer): boolean;
  /** Writes latin1 text, the bytes [from, to), which may change after this returns, and more text. */
  writeJoined(before: string, bytes: Buffer, range: Range, after: string): boolean;
  /**
   * Writes bytes that another socket has read as `Large` pieces. If this returns false, that one must be paused until `socketDrained`: its next
   * read would change them.
   */
  writeBorrowed(bytes: Buffer): boolean;
  pause(): void;
  resume(): void;
  /** The size of the pieces in which bytes are read from now on. `isFree`: none of the last ones is still being written. */
  expect(pieces: Pieces, isFree?: boolean): void;
  /** Sends FIN after what was written. */
  end(): void;
  destroy(): void;
  /** Sends RST, also below TLS: not every client takes the end without close_notify for a truncated response. */
  reset(): void;
}

/**
 * `Stream`: a body or an upgraded stream, which costs less for each byte in larger pieces. `Large`: much of a body is still to come; the socket reads
 * into a buffer of its own, if there is one to borrow, so that its bytes need not be copied.
 */
export type Pieces = 'Heads' | 'Stream' | 'Large';

export type Range = { from: number; to: number };
export const noRange: Readonly<Range> = Object.freeze({ from: 0, to: 0 });

export interface SocketUser {
  /** It was connected to its destination; with TLS, after the handshake. Never for an accepted connection. */
  socketConnected(): void;
  /** `bytes` is one buffer for many connections: what is needed later must be copied, or written as a string, before this returns. */
  socketBytes(bytes: Buffer, length: number): void;
  socketDrained(): void;
  /** The peer sent FIN. */
  socketEnded(): void;
  /** FIN was sent. */
  socketFinished(): void;
  /** Called once, at last. `reason`: the code of the error; `closed` if there was none. */
  socketClosed(reason: string): void;
  /** Called with what one of these callbacks threw. */
  fault(error: unknown): void;
}

/** Of a socket that has no user yet, or whose user has left it. */
export const noUser: SocketUser = {
  socketConnected: () => undefined,
  socketBytes: () => undefined,
  socketDrained: () => undefined,
  socketEnded: () => undefined,
  socketFinished: () => undefined,
  socketClosed: () => undefined,
  fault: () => undefined,
};

/** How much may be queued before `needsDrain`. */
export const queuedBytesLimit = 16 * 1024;
