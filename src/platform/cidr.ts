/**
 * IP addresses and CIDRs (RFC 4632, RFC 4291) as hexadecimal digits in network order, 8 for IPv4 and 32 for IPv6: a CIDR covers the
 * addresses that begin with its digits.
 *
 * `net.BlockList` would do, but it creates an object outside of the heap for each check, and the sidecar may check 50,000 addresses
 * four times a second.
 */

/** `prefix`: number of leading bits that count. */
export type Cidr = { hex: string; prefix: number };

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2): how a socket for both families sees IPv4 addresses. Here they are IPv4 addresses. */
const mapped = { hex: `${'0'.repeat(20)}FFFF`, prefix: 96 };

/** Returns undefined if the text is not a CIDR. A block of IPv4-mapped addresses is a block of IPv4. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', bits] = /^([^/]+)\/([0-9]{1,3})$/.exec(text) ?? [];
  const hex = parseDigits(address);
  const prefix = Number(bits);
  if (hex === undefined || prefix > hex.length * 4) return undefined;
  return isMapped(hex) && prefix >= mapped.prefix
    ? { hex: withoutMapping(hex), prefix: prefix - mapped.prefix }
    : { hex, prefix };
}

/** Returns the digits of an address, or undefined if the text is not one. An IPv4-mapped address is an IPv4 address. */
export function parseAddress(text: string): string | undefined {
  const hex = parseDigits(text);
  return hex !== undefined && isMapped(hex) ? withoutMapping(hex) : hex;
}

const parseDigits = (text: string): string | undefined => (text.includes(':') ? parseIpv6(text) : parseIpv4(text));

const isMapped = (hex: string): boolean => hex.length === 32 && hex.startsWith(mapped.hex);
const withoutMapping = (hex: string): string => hex.slice(mapped.hex.length);

/** Whether the CIDR covers the address, which is in digits. */
export function covers({ hex, prefix }: Cidr, address: string): boolean {
  const whole = prefix >> 2;
  const bits = prefix & 3;
  if (address.length !== hex.length || !address.startsWith(hex.slice(0, whole))) return false;
  return bits === 0 || (digit(address, whole) ^ digit(hex, whole)) >> (4 - bits) === 0;
}

const digit = (hex: string, index: number): number => Number.parseInt(hex.charAt(index), 16);

// No leading zeros: some programs read 010 as 8, others as 10.
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

function parseIpv4(text: string): string | undefined {
  if (!ipv4.test(text)) return undefined;
  const octets = text.split('.').map((value) => Number(value).toString(16).padStart(2, '0'));
  return octets.join('').toUpperCase();
}

/** Eight groups. `::` stands for at least one group of zeros, once. The last two groups may be an IPv4 address. */
function parseIpv6(text: string): string | undefined {
  const [head = [], tail, ...more] = expandIpv4(text)
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => group.padStart(4, '0').toUpperCase()).join('');
}

/** Writes an IPv4 address at the end as two groups. */
function expandIpv4(text: string): string {
  const start = text.lastIndexOf(':') + 1;
  const hex = parseIpv4(text.slice(start));
  return hex === undefined ? text : `${text.slice(0, start)}${hex.slice(0, 4)}:${hex.slice(4)}`;
}
