import { nextAddress, parseRange } from '../network/address-range.ts';

/** Addresses of a loopback block, one for each pod. */
export interface Addresses {
  /** Cyclic: a returned address is reused only after all others. Throws if all are taken. */
  take(): string;
  giveBack(address: string): void;
}

/** `cidr`: such as 127.64.0.0/12, without its first and its last address. */
export function createAddresses(cidr: string): Addresses {
  if (!cidr.startsWith('127.')) throw new Error(`${cidr} is not in 127.0.0.0/8: pods need loopback addresses`);
  const range = parseRange(cidr);
  const taken = new Set<string>();
  let last: string | undefined;
  return {
    take() {
      const address = nextAddress(range, taken, last);
      if (address === undefined) throw new Error(`all addresses of ${cidr} are taken`);
      taken.add(address);
      last = address;
      return address;
    },
    giveBack(address) {
      taken.delete(address);
    },
  };
}
