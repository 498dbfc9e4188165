/** Decides which client connections are accepted: a limited number in all, and a limited number from one address. */
import { createTrustedProxies } from './trusted-proxies.ts';

export type AdmissionLimits = {
  connections: number;
  connectionsPerAddress: number;
  /** CIDRs whose addresses stand for many clients: only the limit of all connections applies to them. */
  exempt: readonly string[];
};

export type ConnectionLimit = 'connections' | 'connectionsPerAddress';

export interface Admission {
  /** Returns the limit that another connection from this address exceeds; undefined: it is admitted, and counts until `release`. */
  admit(address: string): ConnectionLimit | undefined;
  release(address: string): void;
  /** Applies to later connections; none that is open is closed. */
  configure(limits: AdmissionLimits): void;
}

export function createAdmission(): Admission {
  /** As many entries as there are open connections at most. */
  const byAddress = new Map<string, number>();
  let open = 0;
  let maxOpen = Number.POSITIVE_INFINITY;
  let maxPerAddress = Number.POSITIVE_INFINITY;
  let exempt = createTrustedProxies([]);

  return {
    admit(address) {
      if (open >= maxOpen) return 'connections';
      const fromThere = byAddress.get(address) ?? 0;
      if (fromThere >= maxPerAddress && !exempt.has(address)) return 'connectionsPerAddress';
      open += 1;
      byAddress.set(address, fromThere + 1);
      return undefined;
    },
    release(address) {
      open -= 1;
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    },
    configure(limits) {
      maxOpen = limits.connections;
      maxPerAddress = limits.connectionsPerAddress;
      exempt = createTrustedProxies(limits.exempt);
    },
  };
}
