/**
 * The server name in a ClientHello (RFC 8446, section 4.1.2), read before the handshake begins: OpenSSL can take the settings of a listener as
 * a whole, with all of its certificates, only at the beginning.
 *
 *     record     type 22 | version (2) | length (2) | a part of the message; it may be divided among records
 *     message    type 1 | length (3) | version (2) | random (32) | session id (1) | ciphers (2) | compression (1) | extensions (2)
 *     extension  type (2) | length (2) | its content; that of server_name: list (2) | type 0 | name (2)
 *
 * In parentheses: the bytes of a field, or of the length before it. OpenSSL checks all that is not needed here.
 */
export type ClientHelloOutcome =
  /** `serverName`: in lower case, empty if there is none. */
  { kind: 'hello'; serverName: string } | { kind: 'incomplete' } | { kind: 'malformed' } | { kind: 'notTls' };

const handshakeRecord = 22;
const recordHeadBytes = 5;
/** RFC 8446, section 5.1. */
const maxRecordBytes = 2 ** 14;
const clientHello = 1;
const messageHeadBytes = 4;
/** OpenSSL takes no more either. With the keys of post-quantum cryptography, browsers send 2 KiB. */
const maxMessageBytes = 2 ** 14;
const serverNameExtension = 0;
const hostNameType = 0;

/** A ClientHello of 16 KiB has two. Who divides it among hundreds wants it to be expensive. */
const maxRecords = 8;

const incomplete: ClientHelloOutcome = { kind: 'incomplete' };
const malformed: ClientHelloOutcome = { kind: 'malformed' };
const notTls: ClientHelloOutcome = { kind: 'notTls' };

/** Parses the bytes that a connection begins with; again from the start when more have arrived. */
export function parseClientHello(bytes: Buffer): ClientHelloOutcome {
  if (bytes.length > 0 && bytes[0] !== handshakeRecord) return notTls;
  const message = readMessage(bytes);
  if ('kind' in message) return message;
  const serverName = readServerName(message);
  return serverName === undefined ? malformed : { kind: 'hello', serverName };
}

/** Returns the body of the first message, which must be a ClientHello. */
function readMessage(bytes: Buffer): Buffer | ClientHelloOutcome {
  const parts: Buffer[] = [];
  let length = 0;
  for (let at = 0; at + recordHeadBytes <= bytes.length;) {
    const recordBytes = bytes.readUInt16BE(at + 3);
    const isPart = bytes[at] === handshakeRecord && recordBytes > 0 && recordBytes <= maxRecordBytes;
    if (!isPart || parts.length === maxRecords) return malformed;
    const part = bytes.subarray(at + recordHeadBytes, at + recordHeadBytes + recordBytes);
    parts.push(part);
    length += part.length;
    const message = messageIn(parts, length);
    if (message !== undefined) return message;
    at += recordHeadBytes + recordBytes;
  }
  return incomplete;
}

/** Undefined: more is needed. */
function messageIn(parts: readonly Buffer[], length: number): Buffer | ClientHelloOutcome | undefined {
  if (length < messageHeadBytes) return undefined;
  const [first] = parts;
  const bytes = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  const bodyBytes = bytes.readUIntBE(1, 3);
  if (bytes[0] !== clientHello || bodyBytes > maxMessageBytes) return malformed;
  return length < messageHeadBytes + bodyBytes
    ? undefined
    : bytes.subarray(messageHeadBytes, messageHeadBytes + bodyBytes);
}

/** Returns undefined if a length goes beyond the message, or the name is none. */
function readServerName(body: Buffer): string | undefined {
  const sessionId = 2 + 32;
  const ciphers = sessionId + 1 + uint8(body, sessionId);
  const compression = ciphers + 2 + uint16(body, ciphers);
  const extensions = compression + 1 + uint8(body, compression);
  // A ClientHello of TLS 1.2 may end here.
  if (extensions === body.length) return '';
  const end = extensions + 2 + uint16(body, extensions);
  if (end !== body.length) return undefined;
  for (let at = extensions + 2; at < end;) {
    const content = at + 4;
    const next = content + uint16(body, at + 2);
    if (!(next <= end)) return undefined;
    if (uint16(body, at) === serverNameExtension) return hostName(body.subarray(content, next));
    at = next;
  }
  return '';
}

/** The first entry: no other type than that of host names was ever defined, and there may be one of each. */
function hostName(list: Buffer): string | undefined {
  const length = uint16(list, 3);
  const name = list.toString('latin1', 5, 5 + length).toLowerCase();
  return list[2] === hostNameType && name.length === length && /^[a-z0-9._-]+$/.test(name) ? name : undefined;
}

/** NaN beyond the end, as is what is computed with it. */
const uint8 = (bytes: Buffer, at: number): number => bytes[at] ?? Number.NaN;
const uint16 = (bytes: Buffer, at: number): number => uint8(bytes, at) * 256 + uint8(bytes, at + 1);
