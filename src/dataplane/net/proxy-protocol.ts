/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a load balancer that forwards bytes sends the addresses of its
 * client ahead of them.
 *
 *     v1  PROXY TCP4 192.0.2.7 203.0.113.1 49152 80 CR LF
 *     v2  12 bytes signature | version, command | family, protocol | length (2) | addresses | TLVs
 *
 * Strict: anything that is not exactly this is refused, because then the bytes after it are not what they seem.
 */
import { parseAddress } from '../../platform/cidr.ts';

export type ProxyHeader = {
  /** The bytes after it belong to HTTP. */
  end: number;
  /** The load balancer speaks for itself, in a health check for example: version 2 only. HAProxy's checks with version 1 name its own address. */
  isLocal: boolean;
  /** Absent: there is none, as `isLocal` says, or the load balancer does not know its address. */
  client?: Address;
  /** The address to which the client connected. */
  server?: Address;
  /** The load balancer terminated TLS. */
  isTls: boolean;
};

type Address = { address: string; port: number };

export type ProxyHeaderRefusal = 'Missing' | 'Malformed' | 'TooLong';

export type ProxyHeaderOutcome =
  | { kind: 'header'; header: ProxyHeader }
  | { kind: 'incomplete' }
  | { kind: 'refused'; reason: ProxyHeaderRefusal };

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const v1Start = Buffer.from('PROXY ');
/** With CRLF, as the specification computes it for two IPv6 addresses. */
const maxV1Bytes = 107;
const v2HeadBytes = 16;
/** The specification allows 64 KB of TLVs. What load balancers send has a few hundred bytes, and NGINX takes this much. */
const maxV2Bytes = 4096;

const incomplete: ProxyHeaderOutcome = { kind: 'incomplete' };
const refused = (reason: ProxyHeaderRefusal): ProxyHeaderOutcome => ({ kind: 'refused', reason });

/** Parses the bytes that a connection begins with; again from the start when more have arrived. */
export function parseProxyHeader(bytes: Buffer): ProxyHeaderOutcome {
  if (beginsWith(bytes, signature)) return bytes.length < v2HeadBytes ? incomplete : parseV2(bytes);
  if (beginsWith(bytes, v1Start)) return parseV1(bytes);
  return refused('Missing');
}

/** Whether the bytes are the beginning of `start`, or have it. */
function beginsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function parseV1(bytes: Buffer): ProxyHeaderOutcome {
  const lineFeed = bytes.subarray(0, maxV1Bytes).indexOf(0x0a);
  if (lineFeed < 0) return bytes.length < maxV1Bytes ? incomplete : refused('TooLong');
  const end = lineFeed + 1;
  const line = bytes.toString('latin1', v1Start.length, end);
  const base = { end, isLocal: false, isTls: false };
  // After UNKNOWN everything up to CRLF is ignored.
  if (/^UNKNOWN(?: [^\r\n]*)?\r\n$/.test(line)) return { kind: 'header', header: base };
  const [, family = '', source = '', target = '', sourcePort = '', targetPort = ''] =
    /^(TCP[46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) ([0-9]{1,5}) ([0-9]{1,5})\r\n$/.exec(line) ?? [];
  const client = v1Address(family, source, sourcePort);
  const server = v1Address(family, target, targetPort);
  if (client === undefined || server === undefined) return refused('Malformed');
  return { kind: 'header', header: { ...base, client, server } };
}

function v1Address(family: string, address: string, port: string): Address | undefined {
  const isIpv6 = address.includes(':');
  const isValid =
    parseAddress(address) !== undefined &&
    isIpv6 === (family === 'TCP6') &&
    /^(0|[1-9][0-9]*)$/.test(port) &&
    Number(port) <= 65_535;
  return isValid ? { address, port: Number(port) } : undefined;
}

const Family = { Unspecified: 0x0, Inet: 0x1, Inet6: 0x2, Unix: 0x3 } as const;
/** The bytes of source and target with their ports. */
const addressBytes: Record<number, number> = {
  [Family.Unspecified]: 0,
  [Family.Inet]: 12,
  [Family.Inet6]: 36,
  [Family.Unix]: 216,
};
const stream = 0x1;
const datagram = 0x2;

function parseV2(bytes: Buffer): ProxyHeaderOutcome {
  const command = bytes.readUInt8(12);
  const end = v2HeadBytes + bytes.readUInt16BE(14);
  // The family and the content of a LOCAL header are ignored.
  const isLocal = command === 0x20;
  if (!isLocal && (command !== 0x21 || addressesEnd(bytes) > end)) return refused('Malformed');
  if (end > maxV2Bytes) return refused('TooLong');
  if (bytes.length < end) return incomplete;
  return isLocal ? { kind: 'header', header: { end, isLocal, isTls: false } } : proxiedV2(bytes, end);
}

const familyOf = (bytes: Buffer): number => bytes.readUInt8(13) >> 4;
const protocolOf = (bytes: Buffer): number => bytes.readUInt8(13) & 0xf;

/** Returns the offset after the addresses; Infinity if the family or protocol is unassigned. */
function addressesEnd(bytes: Buffer): number {
  const size = addressBytes[familyOf(bytes)];
  return size === undefined || protocolOf(bytes) > datagram ? Number.POSITIVE_INFINITY : v2HeadBytes + size;
}

function proxiedV2(bytes: Buffer, end: number): ProxyHeaderOutcome {
  const isTls = readTlvs(bytes.subarray(addressesEnd(bytes), end));
  if (isTls === undefined) return refused('Malformed');
  const family = familyOf(bytes);
  const hasAddress = protocolOf(bytes) === stream && (family === Family.Inet || family === Family.Inet6);
  return { kind: 'header', header: { end, isLocal: false, isTls, ...(hasAddress && v2Addresses(bytes, family)) } };
}

function v2Addresses(bytes: Buffer, family: number): Required<Pick<ProxyHeader, 'client' | 'server'>> {
  const size = family === Family.Inet ? 4 : 16;
  const format = family === Family.Inet ? formatIpv4 : formatIpv6;
  const [source, target, ports] = [v2HeadBytes, v2HeadBytes + size, v2HeadBytes + 2 * size];
  return {
    client: { address: format(bytes, source), port: bytes.readUInt16BE(ports) },
    server: { address: format(bytes, target), port: bytes.readUInt16BE(ports + 2) },
  };
}

const formatIpv4 = (bytes: Buffer, at: number): string => bytes.subarray(at, at + 4).join('.');

function formatIpv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16));
  const text = groups.join(':');
  if (text.startsWith('0:0:0:0:0:ffff:')) return formatIpv4(bytes, at + 12);
  // RFC 5952 section 4.2: `::` for the longest run of zeros, the first of equals.
  const longest = (text.match(/\b0(?::0)+\b/g) ?? []).reduce(
    (best, run) => (run.length > best.length ? run : best),
    '',
  );
  return longest === '' ? text : text.replace(new RegExp(`(^|:)${longest}(:|$)`), '::');
}

const tlvSsl = 0x20;
/** PP2_CLIENT_SSL: the client connected over TLS. */
const clientSsl = 0x01;

/** Checks that TLVs fill the bytes exactly. Returns whether they say that the load balancer terminated TLS; undefined if they are malformed. */
function readTlvs(bytes: Buffer): boolean | undefined {
  let isTls = false;
  let at = 0;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) return undefined;
    const next = at + 3 + bytes.readUInt16BE(at + 1);
    if (next > bytes.length) return undefined;
    if (bytes[at] === tlvSsl && next > at + 3) isTls ||= (bytes.readUInt8(at + 3) & clientSsl) !== 0;
    at = next;
  }
  return isTls;
}
