/** Decides which client connections are accepted: a limited number in all, and a limited number from one address, or one /64 of IPv6. */
import { parseAddress } from '../../platform/cidr.ts';
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
  const byClient = new Map<string, number>();
  let open = 0;
  let maxOpen = Number.POSITIVE_INFINITY;
  let maxPerAddress = Number.POSITIVE_INFINITY;
  let exempt = createTrustedProxies([]);

  /** A trusted proxy may share the /64 of clients, which must not count its connections as theirs. */
  const clientOf = (address: string): string =>
    address.includes(':') && !exempt.has(address) ? networkOf(address) : address;

  const mayHaveAnother = (address: string): boolean =>
    (byClient.get(clientOf(address)) ?? 0) < maxPerAddress || exempt.has(address);

  function count(client: string, change: 1 | -1): void {
    const changed = (byClient.get(client) ?? 0) + change;
    if (changed > 0) byClient.set(client, changed);
    else byClient.delete(client);
  }

  function take(address: string): Place {
    let client = clientOf(address);
    open += 1;
    count(client, 1);
    return {
      moveTo(other) {
        if (!mayHaveAnother(other)) return false;
        count(client, -1);
        client = clientOf(other);
        count(client, 1);
        return true;
      },
      release() {
        open -= 1;
        count(client, -1);
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

/** The /64 of an IPv6 address, in digits: the smallest network that a client is assigned (RFC 6177), which may use all of its 2^64 addresses. */
const networkOf = (address: string): string => parseAddress(address.split('%', 1)[0] ?? '')?.slice(0, 16) ?? address;
