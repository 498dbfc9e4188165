/** `Gateway.spec.addresses`: the addresses that the Service of the proxies is to have. */
import type { HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import type { Gateway } from '../snapshot/snapshot.ts';

/** `unsupported`: of a type that no Service has. `unusable`: a Service of this type cannot have them. `ips`: empty if any will do. */
export type StaticAddresses =
  | { kind: 'usable'; ips: string[] }
  | { kind: 'unsupported'; message: string }
  | { kind: 'unusable'; message: string };

/** An address without a value asks for any of its type. */
export function readStaticAddresses(
  { addresses }: Pick<Gateway, 'addresses'>,
  type: HoldfastProxySpec['service']['type'],
): StaticAddresses {
  const foreign = addresses.findIndex((one) => one.type !== 'IPAddress' && !(one.type === 'Hostname' && !one.value));
  if (foreign >= 0) {
    const { type: found, value } = addresses[foreign] ?? { type: '' };
    const what = value ? `type ${found} with a value` : `type ${found}`;
    return {
      kind: 'unsupported',
      message: `spec.addresses[${foreign}]: an address of ${what} is not supported: use type IPAddress, or remove it.`,
    };
  }
  const ips = [...new Set(addresses.flatMap(({ value }) => value || []))];
  const problem = findProblem(ips, type);
  return problem === undefined ? { kind: 'usable', ips } : { kind: 'unusable', message: problem };
}

function findProblem(ips: readonly string[], type: HoldfastProxySpec['service']['type']): string | undefined {
  if (ips.length === 0) return undefined;
  if (type === 'NodePort') {
    return 'spec.addresses: a Service of type NodePort has the addresses of the nodes: remove the values, or set spec.service.type of the HoldfastProxy.';
  }
  const most = type === 'LoadBalancer' ? 'one address' : 'one IPv4 and one IPv6 address';
  const ipv6 = ips.filter((ip) => ip.includes(':')).length;
  const isTooMany = type === 'LoadBalancer' ? ips.length > 1 : ipv6 > 1 || ips.length - ipv6 > 1;
  return isTooMany
    ? `spec.addresses: a Service of type ${type} can have ${most}, and ${ips.join(', ')} are asked for: remove the others.`
    : undefined;
}
