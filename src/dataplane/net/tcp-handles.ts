/**
 * Node's own TCP handles, below `net.Socket`: not documented, so only `handle-socket.ts` uses them, and only if everything that it needs is
 * there. The image pins the version of Node.
 */
import { types } from 'node:util';
import { isRecord } from '../../platform/record.ts';

/** libuv's number for the end of a stream, on every platform. */
export const endOfStream = -4095;

export type Completion = { oncomplete: (this: Completion, status: number) => void; handle?: StreamHandle };

type Address = { address?: string; port?: number };

/** What the handles of TCP and of TLS have in common. */
export interface StreamHandle {
  /** Bytes of TCP that the kernel has not accepted yet; of TLS, those that are being written below. */
  readonly writeQueueSize: number;
  /** Returns another buffer for the next reads, if they are to have one. */
  onread: (this: StreamHandle) => Uint8Array | undefined;
  useUserBuffer(bytes: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Each of these tries at once; the rest is written later, and then the request completes. Returns 0 or an error. */
  writeLatin1String(request: Completion, text: string): number;
  writeBuffer(request: Completion, bytes: Uint8Array): number;
  shutdown(request: Completion): number;
}

export interface TcpHandle extends StreamHandle {
  connect(request: Completion, address: string, port: number): number;
  connect6(request: Completion, address: string, port: number): number;
  setNoDelay(enabled: boolean): number;
  setKeepAlive(enabled: boolean, delayS: number): number;
  /** Each writes the address to `out`, and returns an error. */
  getpeername(out: Address): number;
  getsockname(out: Address): number;
  close(callback: () => void): void;
  /** Returns an error if the connection cannot be reset. */
  reset(callback: () => void): number;
}

export type TcpHandles = {
  createHandle(): TcpHandle;
  createWrite(): Completion;
  createShutdown(): Completion;
  createConnect(): Completion;
  /** What the last read or write of the process did, at these places: numbers, rather than an object for each. */
  state: Int32Array;
  readResultAt: number;
  wroteLaterAt: number;
  bytesWrittenAt: number;
};

export const streamMethods = ['useUserBuffer', 'readStart', 'readStop', 'writeLatin1String', 'writeBuffer', 'shutdown'];

const methods = [
  ...streamMethods,
  'connect',
  'connect6',
  'setNoDelay',
  'setKeepAlive',
  'getpeername',
  'getsockname',
  'close',
  'reset',
];

/** Whether this is a TCP handle with all that is needed. */
export const isHandle = (value: unknown): value is TcpHandle => hasMethods(value, methods);

export const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'function');

/** That of a server which listens. `onconnection`: with an error, or with a connection. */
export type ListeningHandle = Pick<TcpHandle, 'setNoDelay' | 'setKeepAlive'> & {
  onconnection: (status: number, accepted: TcpHandle | undefined) => void;
};

export const isListening = (value: unknown): value is ListeningHandle =>
  isHandle(value) && typeof Reflect.get(value, 'onconnection') === 'function';

export function addressOfPeer(handle: TcpHandle): string {
  const peer: Address = {};
  handle.getpeername(peer);
  return peer.address ?? '';
}

/** Of our end. */
export function localAddressOf(handle: TcpHandle): { address: string; port: number } {
  const local: Address = {};
  handle.getsockname(local);
  return { address: local.address ?? '', port: local.port ?? 0 };
}

/** Returns what Node gives of one of its internal modules. */
export function binding(name: string): Record<string, unknown> {
  const open: unknown = Reflect.get(process, 'binding');
  if (typeof open !== 'function') return {};
  try {
    const found: unknown = Reflect.apply(open, process, [name]);
    return isRecord(found) ? found : {};
  } catch {
    // Node with a lock on this door: its permission model.
    return {};
  }
}

type Constructor<T> = new (...parameters: unknown[]) => T;

const isConstructor = <T>(value: unknown): value is Constructor<T> => typeof value === 'function';
const isNumber = (value: unknown): value is number => typeof value === 'number';

function findHandles(): TcpHandles | undefined {
  const { TCP, TCPConnectWrap, constants } = binding('tcp_wrap');
  const { WriteWrap, ShutdownWrap, streamBaseState: state, ...places } = binding('stream_wrap');
  const { kReadBytesOrError: readResultAt, kLastWriteWasAsync: wroteLaterAt, kBytesWritten: bytesWrittenAt } = places;
  const socketType = isRecord(constants) ? constants['SOCKET'] : undefined;
  if (!types.isInt32Array(state) || !isConstructor<TcpHandle>(TCP) || !isHandle(TCP.prototype)) return undefined;
  if (!isConstructor<Completion>(TCPConnectWrap) || !isConstructor<Completion>(WriteWrap)) return undefined;
  if (!isConstructor<Completion>(ShutdownWrap)) return undefined;
  if (!isNumber(readResultAt) || !isNumber(wroteLaterAt) || !isNumber(bytesWrittenAt)) return undefined;
  return {
    createHandle: () => new TCP(socketType),
    createWrite: () => new WriteWrap(),
    createShutdown: () => new ShutdownWrap(),
    createConnect: () => new TCPConnectWrap(),
    state,
    readResultAt,
    wroteLaterAt,
    bytesWrittenAt,
  };
}

/** Undefined: this version of Node does not have them. */
export const tcpHandles: TcpHandles | undefined = findHandles();
