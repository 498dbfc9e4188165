/** Loopback addresses for Services, in order. Pure. */

/** An IPv4 block, such as `127.96.0.0/12`, without its first and last address. */
export type AddressRange = { first: number; last: number };

export function parseRange(cidr: string): AddressRange {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const [, ...numbers] = (found ?? []).map(Number);
  const bits = numbers.pop();
  if (bits === undefined || bits < 8 || bits > 30 || numbers.some((part) => part > 255)) {
    throw new Error(`${cidr} is not an IPv4 block with a prefix length from 8 to 30`);
  }
  const size = 2 ** (32 - bits);
  const base = Math.floor(toNumber(numbers) / size) * size;
  return { first: base + 1, last: base + size - 2 };
}

const toNumber = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0);

const parseAddress = (address: string): number => toNumber(address.split('.').map(Number));

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

/** Returns the next free address after `previous`, cyclically, so that an address is not reused at once; undefined if all are taken. */
export function nextAddress(
  { first, last }: AddressRange,
  taken: ReadonlySet<string>,
  previous: string | undefined,
): string | undefined {
  const size = last - first + 1;
  const start = previous === undefined ? 0 : parseAddress(previous) - first + 1;
  for (let step = 0; step < size; step += 1) {
    const address = formatAddress(first + ((start + step) % size));
    if (!taken.has(address)) return address;
  }
  return undefined;
}
