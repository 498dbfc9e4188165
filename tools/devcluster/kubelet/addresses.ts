/** Addresses of a block, one for each pod. */
export interface Addresses {
  /** Goes round: one that was given back comes again only after all others. Throws when all are taken. */
  take(): string;
  giveBack(address: string): void;
}

/** `cidr`: such as 127.64.0.0/12. Its first and its last address are left out. */
export function createAddresses(cidr: string): Addresses {
  const { base, size } = parseBlock(cidr);
  const taken = new Set<string>();
  let last = 0;
  return {
    take() {
      for (let tries = 0; tries < size - 2; tries += 1) {
        last = (last % (size - 2)) + 1;
        const address = formatAddress(base + last);
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Error(`all addresses of ${cidr} are taken`);
    },
    giveBack(address) {
      taken.delete(address);
    },
  };
}

function parseBlock(cidr: string): { base: number; size: number } {
  const match = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const octets = (match?.[1] ?? '').split('.').map(Number);
  const prefix = Number(match?.[2] ?? 0);
  if (prefix < 8 || prefix > 30 || octets.some((octet) => octet > 255)) {
    throw new Error(`${cidr} is no block of 127.0.0.0/8 with room for a pod`);
  }
  const size = 2 ** (32 - prefix);
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: address - (address % size), size };
}

const formatAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
