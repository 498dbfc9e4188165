/**
 * The X.509 library, and the keys and PEM that certificates are made of.
 *
 * The library's dependency injection (tsyringe) refuses to load unless Reflect answers questions about decorator metadata. None of its
 * classes has any, so `undefined` is the correct answer and no polyfill is needed. The import is dynamic because a static import may be
 * evaluated before the statements above it (Jest evaluates CommonJS when it links), and by the default export because a bundled CommonJS
 * package has no other.
 */
import { webcrypto } from 'node:crypto';

const reflect: typeof Reflect & { getMetadata?: () => undefined; getOwnMetadata?: () => undefined } = Reflect;
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;

export const { default: x509 } = await import('@peculiar/x509');

/** ECDSA on P-256: every current TLS client supports it, and a signature is cheap. */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);

export const encodeKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

export const decodeKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), keyAlgorithm, false, ['sign']);
