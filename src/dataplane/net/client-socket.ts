/**
 * Sockets of clients that read into buffers which all of them share. Without this Node allocates 64 KiB for each read of each connection: memory
 * that neither V8 nor malloc returns soon when many clients send at once and disconnect.
 */
import { Socket } from 'node:net';

/**
 * Up to this much is read at once, so this is also what a connection may have to keep of requests that its client sent ahead. libuv writes
 * strings of this size without allocating.
 */
const readBytes = 16 * 1024;
/** A body or an upgraded stream is read in larger pieces, which cost less for each byte. */
const streamBytes = 64 * 1024;

const readBuffer = Buffer.allocUnsafeSlow(readBytes);
const streamBuffer = Buffer.allocUnsafeSlow(streamBytes);

/** How much of a response may be queued before the app is paused. */
const queuedBytes = 16 * 1024;

export type ClientReader = {
  /** `bytes` is overwritten by the next read of any connection: what is needed later must be copied before this returns. */
  received(bytes: Buffer): void;
  /** Whether larger pieces are expected. */
  isStreaming(): boolean;
};

/** Whether these bytes are overwritten by the next read. */
export const isShared = ({ buffer }: Buffer): boolean => buffer === readBuffer.buffer || buffer === streamBuffer.buffer;

/** Returns the reader of the socket; undefined while it is being created. */
export type ReaderOf = () => ClientReader | undefined;

/**
 * Returns the socket to be used instead of an accepted one, which must be paused. `onread` is documented for sockets that connect only; `handle`, by
 * which net.Server creates accepted sockets, is not. Where there is no handle, the accepted socket itself is used.
 */
export function readShared(accepted: Socket, reader: ReaderOf): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null) {
    return accepted.on('data', (chunk: Buffer) => reader()?.received(chunk)).resume();
  }
  const options = {
    handle,
    allowHalfOpen: true,
    writableHighWaterMark: queuedBytes,
    onread: {
      buffer: () => (reader()?.isStreaming() === true ? streamBuffer : readBuffer),
      callback(length: number, bytes: Buffer) {
        reader()?.received(bytes.subarray(0, length));
        return true;
      },
    },
  };
  Reflect.set(accepted, '_handle', null);
  const socket: unknown = Reflect.construct(Socket, [options]);
  if (!(socket instanceof Socket)) throw new TypeError('not a socket');
  // The server counts its open sockets.
  Reflect.set(socket, '_server', Reflect.get(accepted, '_server'));
  Reflect.set(accepted, '_server', null);
  return socket.resume();
}

/**
 * Reads a socket of TLS. Its bytes are decrypted into a buffer of their own, which has their size: no memory is allocated for bytes that do
 * not come.
 */
export const readDecrypted = (socket: Socket, reader: ClientReader): Socket =>
  socket.on('data', (chunk: Buffer) => reader.received(chunk));
