/** The load balancers and ingress controllers in front of the proxy, whose word about the client is taken. */
import { covers, parseAddress, parseCidr } from '../../platform/cidr.ts';

export interface TrustedProxies {
  has(address: string): boolean;
}

/** `cidrs`: `ProxySettings.trustedProxies`. The object is replaced when the settings change, and never changes itself. */
export function createTrustedProxies(cidrs: readonly string[]): TrustedProxies {
  const blocks = cidrs.flatMap((cidr) => parseCidr(cidr) ?? []);
  return {
    has(address) {
      if (blocks.length === 0) return false;
      // A link-local address has a zone, `%eth0`.
      const digits = parseAddress(address.split('%', 1)[0] ?? '');
      return digits !== undefined && blocks.some((block) => covers(block, digits));
    },
  };
}
