/** Where clients reach the proxy of a Gateway. */
import { proxyName } from '../names/names.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import type { StaticAddresses } from '../resolve/static-addresses.ts';
import type { ClusterNode, Service } from '../snapshot/snapshot.ts';

export type GatewayAddress = { type: 'IPAddress' | 'Hostname'; value: string };

/** Gateway API limits the list. */
const mostAddresses = 16;

/** What is known of a proxy's Service; absent until it exists. `nodes`: those that forward its node ports. */
export type ReachableService = Pick<Service, 'type' | 'clusterIps' | 'loadBalancer'> & {
  nodes: readonly ClusterNode[];
};

/**
 * IP addresses come first: many clients, such as ExternalDNS, take only those. Of type NodePort the ports are not those of the listeners; they are in
 * the Service. Without a load balancer the name in the cluster is the last one. Until the Service exists there is none: a client that keeps the
 * first address that it sees would keep the name.
 */
export function addressesOf(
  { namespace, name }: GatewayRef,
  service: ReachableService | undefined,
  wanted: readonly string[] = [],
): GatewayAddress[] {
  if (service === undefined) return [];
  const found = [...ipsOf(service).map(ipAddress), ...hostnamesOf(service).map(hostname)];
  if (wanted.length > 0) return found.filter(({ value }) => wanted.includes(value));
  if (service.type === 'LoadBalancer') return found.slice(0, mostAddresses);
  return [...found.slice(0, mostAddresses - 1), hostname(`${proxyName(name)}.${namespace}.svc`)];
}

const createdOnce =
  ' A Service of type ClusterIP gets its address only when it is created: delete it to have it created again.';

const ipAddress = (value: string): GatewayAddress => ({ type: 'IPAddress', value });
const hostname = (value: string): GatewayAddress => ({ type: 'Hostname', value });

function ipsOf(service: ReachableService): string[] {
  const { type, clusterIps, loadBalancer } = service;
  if (type === 'LoadBalancer') return loadBalancer.flatMap(({ ip }) => ip ?? []);
  if (type === 'NodePort') return nodeAddresses(service);
  return clusterIps;
}

/** Of nodes with addresses of both families, a Service has node ports only for its own. */
function nodeAddresses({ clusterIps, nodes }: ReachableService): string[] {
  const families = new Set(clusterIps.map(isIpv6));
  return nodes
    .filter(({ lost }) => !lost)
    .flatMap(({ addresses }) => addresses.filter((ip) => families.has(isIpv6(ip))));
}

const isIpv6 = (ip: string): boolean => ip.includes(':');

const hostnamesOf = ({ type, loadBalancer }: ReachableService): string[] =>
  type === 'LoadBalancer' ? loadBalancer.flatMap(({ hostname: name }) => name ?? []) : [];

/** Returns why clients cannot use the addresses yet, with the reason of Gateway API, or undefined. */
export function findAddressProblem(
  gateway: GatewayRef,
  service: ReachableService | undefined,
  wanted: StaticAddresses,
): { reason: 'AddressNotAssigned' | 'AddressNotUsable'; message: string } | undefined {
  if (wanted.kind !== 'usable') return { reason: 'AddressNotUsable', message: wanted.message };
  const found = addressesOf(gateway, service, wanted.ips);
  const missing = wanted.ips.filter((ip) => !found.some(({ value }) => value === ip));
  const which = `Service ${gateway.namespace}/${proxyName(gateway.name)}`;
  if (missing.length > 0) {
    const has = service === undefined ? 'does not exist yet' : `does not have the address ${missing.join(', ')}`;
    return {
      reason: 'AddressNotUsable',
      message: `${which} ${has}: see its events.${service?.type === 'ClusterIP' ? createdOnce : ''}`,
    };
  }
  if (found.length > 0) return undefined;
  if (service === undefined) return { reason: 'AddressNotAssigned', message: `${which} does not exist yet.` };
  return {
    reason: 'AddressNotAssigned',
    message: `${which} has no load balancer yet: see its events. Without an implementation of load balancers, set spec.service.type of the HoldfastProxy to ClusterIP or NodePort.`,
  };
}
