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
  /** Returns the limit that another connection from this address exceeds, or the connection's place. */
  admit(address: string): Place | ConnectionLimit;
  /** Applies to later connections; none that is open is closed. */
  configure(limits: AdmissionLimits): void;
}

/** Counts until it is released. */
export interface Place {
  /** The connection is another address's: a header of the PROXY protocol says so. Returns false if that address has too many. */
  moveTo(address: string): boolean;
  release(): void;
}

export function createAdmission(): Admission {
  /** As many entries as there are open connections at most. */
  const byAddress = new Map<string, number>();
  let open = 0;
  let maxOpen = Number.POSITIVE_INFINITY;
  let maxPerAddress = Number.POSITIVE_INFINITY;
  let exempt = createTrustedProxies([]);

  const mayHaveAnother = (address: string): boolean =>
    (byAddress.get(address) ?? 0) < maxPerAddress || exempt.has(address);

  function count(address: string, change: 1 | -1): void {
    const changed = (byAddress.get(address) ?? 0) + change;
    if (changed > 0) byAddress.set(address, changed);
    else byAddress.delete(address);
  }

  function take(first: string): Place {
    let address = first;
    open += 1;
    count(address, 1);
    return {
      moveTo(other) {
        if (!mayHaveAnother(other)) return false;
        count(address, -1);
        address = other;
        count(address, 1);
        return true;
      },
      release() {
        open -= 1;
        count(address, -1);
      },
    };
  }

  return {
    admit(address) {
      if (open >= maxOpen) return 'connections';
      return mayHaveAnother(address) ? take(address) : 'connectionsPerAddress';
    },
    configure(limits) {
      maxOpen = limits.connections;
      maxPerAddress = limits.connectionsPerAddress;
      exempt = createTrustedProxies(limits.exempt);
    },
  };
}
