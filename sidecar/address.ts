/**
 * Addresses and blocks as hexadecimal digits in network order, 8 of IPv4 or 32 of IPv6: a block is then a beginning of a text.
 * `net.BlockList` would do, but makes an object outside of the heap for each question, and there may be 50,000 of them four times a second.
 */
import { endianness } from 'node:os';
import type { Cidr } from '../src/core/drain/cidr.ts';

export type Block = { hex: string; prefix: number };

export const toBlock = ({ address, prefix }: Cidr): Block => ({ hex: toHex(address), prefix });

/** Whether the block covers the address. */
export function covers({ hex, prefix }: Block, address: string): boolean {
  const whole = prefix >> 2;
  const bits = prefix & 3;
  if (address.length !== hex.length || !address.startsWith(hex.slice(0, whole))) return false;
  return bits === 0 || (digit(address, whole) ^ digit(hex, whole)) >> (4 - bits) === 0;
}

const digit = (hex: string, index: number): number => Number.parseInt(hex.charAt(index), 16);

/** Of an address as people write it; the caller knows that it is one. */
export function toHex(address: string): string {
  if (!address.includes(':')) return ipv4Hex(address);
  const [head = [], tail] = address.split('::').map(groupsOf);
  const zeros = tail ? Array.from({ length: 8 - head.length - tail.length }, () => '0000') : [];
  return [...head, ...zeros, ...(tail ?? [])].join('');
}

const ipv4Hex = (address: string): string =>
  address
    .split('.')
    .map((octet) => hexOf(Number(octet), 2))
    .join('');

/** The last two groups may be written as an IPv4 address. */
const groupsOf = (half: string): string[] =>
  half === ''
    ? []
    : half
        .split(':')
        .flatMap((group) =>
          group.includes('.') ? (ipv4Hex(group).match(/.{4}/g) ?? []) : [hexOf(Number.parseInt(group, 16), 4)],
        );

export const hexOf = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

const isLittleEndian = endianness() === 'LE';
const mappedPrefix = `${'0'.repeat(20)}FFFF`;

/** From the kernel's lists, which show words of 32 bits in the byte order of the machine. ::ffff:0:0/96 came to a socket for both families, and is IPv4. */
export function fromKernel(words: string): string {
  const hex = isLittleEndian ? words.replaceAll(/(..)(..)(..)(..)/g, '$4$3$2$1') : words;
  return hex.startsWith(mappedPrefix) && hex.length === 32 ? hex.slice(24) : hex;
}
