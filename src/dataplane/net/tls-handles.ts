/** Node's own TLS handles, below `tls.TLSSocket`: as little documented as those of TCP, and used under the same conditions. See `tcp-handles.ts`. */
import type { SecureContext, TLSSocket } from 'node:tls';
import { binding, hasMethods, isHandle, streamMethods, type StreamHandle, type TcpHandle } from './tcp-handles.ts';

/**
 * Decrypts what a TCP handle reads, and encrypts what is written, one write at a time: another one before the last is complete ends the
 * process. Calls `onhandshakedone`, and `onerror` with an error of OpenSSL, after which nothing can be read.
 */
export interface TlsHandle extends StreamHandle {
  /** What was read before it took over the connection. */
  receive(bytes: Uint8Array): void;
  setVerifyMode(requestsCertificate: boolean, rejectsOthers: boolean): void;
  /** The list of RFC 7301. */
  setALPNProtocols(list: Uint8Array): void;
  /** False: none was agreed to. */
  getALPNNegotiatedProtocol(): string | false;
  /** Null: the certificate of the peer was verified, or there is none. */
  verifyError(): Error | null;
  /** Undefined: there is none. */
  getPeerX509Certificate(): object | undefined;
  destroySSL(): void;
}

export type TlsHandles = {
  /** A server's end of the connection. */
  serve(tcp: TcpHandle, context: SecureContext): TlsHandle;
};

const methods = [
  ...streamMethods,
  'receive',
  'setVerifyMode',
  'setALPNProtocols',
  'getALPNNegotiatedProtocol',
  'verifyError',
  'getPeerX509Certificate',
  'destroySSL',
];

const isTlsHandle = (value: unknown): value is TlsHandle => hasMethods(value, methods);

function findHandles(): TlsHandles | undefined {
  const { wrap, TLSWrap } = binding('tls_wrap');
  if (typeof wrap !== 'function' || typeof TLSWrap !== 'function' || !isTlsHandle(TLSWrap.prototype)) return undefined;
  return {
    serve(tcp, { context }) {
      const isServer = true;
      const hasOpenWrite = false;
      const handle: unknown = Reflect.apply(wrap, undefined, [tcp, context, isServer, hasOpenWrite]);
      if (!isTlsHandle(handle)) throw new TypeError('not a TLS handle');
      return handle;
    },
  };
}

/** Undefined: this version of Node does not have them. */
export const tlsHandles: TlsHandles | undefined = findHandles();

/** Of a stream of TLS that connects. Undefined: it has no TCP handle of its own. */
export function handlesOf(stream: TLSSocket): { tls: TlsHandle; tcp: TcpHandle } | undefined {
  const tls: unknown = Reflect.get(stream, '_handle');
  if (!isTlsHandle(tls)) return undefined;
  const tcp: unknown = Reflect.get(tls, '_parent');
  return isHandle(tcp) ? { tls, tcp } : undefined;
}
