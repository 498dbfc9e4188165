/** The settings of TLS towards clients. */
import { constants, createHash, randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { ClientCertificates } from '../../wire/routing-table.ts';

/** PEM. `chain`: the certificate of the server first. */
export type KeyPair = { chain: string; key: string };

/**
 * Of TLS 1.2: those with forward secrecy and authenticated encryption (RFC 9325, section 4.2). TLS 1.3 has no others. AES-128 first, as
 * every processor has instructions for it; OpenSSL takes the first of the client's that is here.
 */
const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Of this process. With keys of each context, clients could not resume their sessions after a certificate was replaced. */
const ticketKeys = randomBytes(48);

/** The list of RFC 7301: each name after its length. */
export const alpn = Buffer.from('\x02h2\x08http/1.1', 'latin1');

/**
 * `pairs`: at most one of each type of key; OpenSSL takes the one that the client can verify. Throws if one cannot be used. `clients`: what
 * is demanded of them.
 */
export const serverContext = (pairs: readonly KeyPair[], clients?: ClientCertificates): SecureContext =>
  createSecureContext({
    minVersion: 'TLSv1.2',
    ciphers,
    // A client could make the proxy sign again and again on one connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys,
    ...(clients === undefined ? nobodyTrusted : trust(clients)),
    cert: pairs.map(({ chain }) => chain),
    key: pairs.map(({ key }) => key),
  });

/** Without a list Node adds the roots of the web, 150 certificates for each context. */
const nobodyTrusted: SecureContextOptions = { ca: [] };

/**
 * A resumed session has no certificate, and OpenSSL takes it for one whose client was verified. As all contexts have the same ticket keys,
 * a session counts only where the same authorities are demanded in the same mode: elsewhere the handshake is a full one.
 */
const trust = ({ mode, authorities }: ClientCertificates): SecureContextOptions => ({
  // Where certificates are optional the verdict counts for nothing, and a signature that is not the authority's leaves an error in the queue
  // of OpenSSL, for which Node closes the connection: nothing is compared then.
  ca: mode === 'Required' ? authorities : [],
  // Gateway API: each is a trust anchor, also if another authority has signed it.
  allowPartialTrustChain: true,
  sessionIdContext: createHash('sha256').update(`${mode} ${authorities}`).digest('hex').slice(0, 32),
});
