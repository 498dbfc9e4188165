/** A TcpSocket on a socket of `node:net` or `node:tls`. */
import net from 'node:net';
import type { Socket } from 'node:net';
import { AcceptedHandle, type Accepted } from './accepted.ts';
import { joinedCopy } from './byte-copy.ts';
import { sharedBuffers } from './read-buffers.ts';
import { noUser, queuedBytesLimit } from './tcp-socket.ts';
import type { Pieces, Range, TcpSocket } from './tcp-socket.ts';

/** As the option `onread` of `node:net`. */
export type Reader = { buffer: () => Buffer; callback: (length: number, bytes: Buffer) => true };

export type StreamParts = {
  /** The event after which a new connection can be used. */
  readyEvent?: 'connect' | 'secureConnect';
  /** The TCP connection, if it is below the stream. */
  transport?: TcpSocket;
  /** The reason for an error; default: its code. */
  reasonOf?: (error: NodeJS.ErrnoException) => string;
};

export class StreamSocket implements TcpSocket {
  user = noUser;
  readonly stream: Socket;
  private readonly transport: TcpSocket | undefined;
  private pieces: 'Heads' | 'Stream' = 'Heads';
  private reason = 'closed';

  /** `open`: returns the socket, which gives the reader what it reads. */
  constructor(open: (reader: Reader) => Socket, { readyEvent, transport, reasonOf = codeOf }: StreamParts = {}) {
    this.transport = transport;
    this.stream = open({
      buffer: () => sharedBuffers[this.pieces],
      callback: (length, bytes) => {
        try {
          this.user.socketBytes(bytes, length);
        } catch (error) {
          this.user.fault(error);
        }
        return true;
      },
    });
    this.listen(reasonOf, readyEvent);
  }

  private listen(reasonOf: (error: NodeJS.ErrnoException) => string, readyEvent: StreamParts['readyEvent']): void {
    if (readyEvent !== undefined) this.stream.once(readyEvent, () => this.call(() => this.user.socketConnected()));
    this.stream
      .on('drain', () => this.call(() => this.user.socketDrained()))
      .on('end', () => this.call(() => this.user.socketEnded()))
      .on('finish', () => this.call(() => this.user.socketFinished()))
      .on('error', (error) => {
        this.reason = reasonOf(error);
        // TLS reports a record that cannot be decrypted, and leaves the connection open.
        this.stream.destroy();
      })
      .on('close', () => this.call(() => this.user.socketClosed(this.reason)));
  }

  /** Every callback is a fault boundary. */
  private call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.user.fault(error);
    }
  }

  get remoteAddress(): string {
    return this.stream.remoteAddress ?? '';
  }

  get localAddress(): string {
    return this.stream.localAddress ?? '';
  }

  get localPort(): number {
    return this.stream.localPort ?? 0;
  }

  get isDestroyed(): boolean {
    return this.stream.destroyed;
  }

  get queuedBytes(): number {
    return this.stream.writableLength;
  }

  get needsDrain(): boolean {
    return this.stream.writableNeedDrain;
  }

  get isFinished(): boolean {
    return this.stream.writableFinished;
  }

  write(data: string | Buffer): boolean {
    return typeof data === 'string' ? this.stream.write(data, 'latin1') : this.stream.write(data);
  }

  writeJoined(before: string, bytes: Buffer, range: Range, after: string): boolean {
    return this.write(joinedCopy(before, bytes, range, after));
  }

  writeBorrowed(bytes: Buffer): boolean {
    // A stream does not tell whether it has written all.
    return this.write(Buffer.from(bytes));
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    if (this.stream.isPaused()) this.stream.resume();
  }

  expect(pieces: Pieces): void {
    this.pieces = pieces === 'Large' ? 'Stream' : pieces;
  }

  end(): void {
    this.stream.end();
  }

  destroy(): void {
    this.stream.destroy();
  }

  reset(): void {
    if (this.transport === undefined) this.stream.resetAndDestroy();
    else this.transport.reset();
  }
}

const codeOf = ({ code, message }: NodeJS.ErrnoException): string => code ?? message;

/**
 * Opens an accepted connection: with the reader. `onread` is documented for sockets that connect only; `handle`, by which net.Server creates
 * accepted sockets, is not. Where there is no handle, the accepted socket itself is used.
 */
export const openAccepted =
  (accepted: Accepted) =>
  (reader: Reader): Socket => {
    const options = { allowHalfOpen: true, writableHighWaterMark: queuedBytesLimit, onread: reader };
    if (accepted instanceof AcceptedHandle) return socketOf(accepted.handle, options).resume();
    const handle: unknown = Reflect.get(accepted, '_handle');
    if (typeof handle !== 'object' || handle === null) return readData(accepted)(reader).resume();
    Reflect.set(accepted, '_handle', null);
    const socket = socketOf(handle, options);
    // The server counts its open sockets.
    Reflect.set(socket, '_server', Reflect.get(accepted, '_server'));
    Reflect.set(accepted, '_server', null);
    return socket.resume();
  };

function socketOf(handle: object, options: object): Socket {
  const socket: unknown = Reflect.construct(net.Socket, [{ ...options, handle }]);
  if (socket instanceof net.Socket) return socket;
  throw new TypeError('not a socket');
}

/** Reads a socket of TLS, whose bytes are decrypted into a buffer of their own. */
export const readData =
  (socket: Socket) =>
  (reader: Reader): Socket =>
    socket.on('data', (chunk: Buffer) => reader.callback(chunk.length, chunk));
