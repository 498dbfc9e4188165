/** Where clients reach the proxy of a Gateway. */
import { proxyName } from '../names/names.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import type { Service } from '../snapshot/snapshot.ts';

export type GatewayAddress = { type: 'IPAddress' | 'Hostname'; value: string };

/** Returns addresses that work from inside the cluster. IP addresses come first: many clients, such as ExternalDNS, take only those. */
export const addressesOf = (
  { namespace, name }: GatewayRef,
  service: Pick<Service, 'clusterIps'> | undefined,
): GatewayAddress[] => [
  ...(service?.clusterIps ?? []).map((value) => ({ type: 'IPAddress' as const, value })),
  { type: 'Hostname', value: `${proxyName(name)}.${namespace}.svc` },
];
