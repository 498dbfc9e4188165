/** Loopback addresses for Services, one after the other. Pure. */

/** An IPv4 block, such as `127.96.0.0/12`. Its first and last address are not given out. */
export type AddressRange = { first: number; last: number };

export function parseRange(cidr: string): AddressRange {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const [, ...numbers] = (found ?? []).map(Number);
  const bits = numbers.pop();
  if (bits === undefined || bits < 8 || bits > 30 || numbers.some((part) => part > 255)) {
    throw new Error(`not an IPv4 block: ${cidr}`);
  }
  const size = 2 ** (32 - bits);
  const base = Math.floor(toNumber(numbers) / size) * size;
  return { first: base + 1, last: base + size - 2 };
}

const toNumber = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0);

const parseAddress = (address: string): number => toNumber(address.split('.').map(Number));

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

/** The next free one after `previous`, round and round, so that an address is not used again at once; undefined where all are taken. */
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
