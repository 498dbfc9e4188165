/**
 * The number of a proxy's replicas, which several controllers may want to set. With server-side apply, a field that Holdfast applies returns
 * to its value whenever another one sets it: the two would fight without end. A field that only Holdfast owns and leaves out is reset to 1.
 */
import type { HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import { formatCount } from '../names/format.ts';
import { proxyName, targetKey } from '../names/names.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import type { Autoscaler, ProxyDeployment } from '../snapshot/snapshot.ts';
import type { ClusterIndex } from '../translate/cluster-index.ts';

/** Clients of a proxy that terminates reconnect to another one. */
const defaultReplicas = 2;

type Seen = Pick<ClusterIndex, 'proxies' | 'autoscalers'>;

/** Returns `spec.replicas` to apply, or undefined to leave it to its owner. */
export function decideReplicas(spec: HoldfastProxySpec, gateway: GatewayRef, seen: Seen): number | undefined {
  const { replicas, autoscaling } = spec;
  const initial = replicas ?? autoscaling?.minReplicas ?? defaultReplicas;
  const existing = deploymentOf(gateway, seen);
  if (existing === undefined) return initial;
  const isAutoscaled = autoscaling !== undefined || findForeignAutoscaler(gateway, seen) !== undefined;
  // A HorizontalPodAutoscaler owns the field from its first change on.
  if (isAutoscaled) return existing.scaledBy === undefined ? (existing.replicas ?? initial) : undefined;
  return replicas === undefined && existing.scaledBy !== undefined ? undefined : initial;
}

const deploymentOf = ({ namespace, name }: GatewayRef, { proxies }: Seen): ProxyDeployment | undefined =>
  proxies.get(`${namespace}/${proxyName(name)}`);

/** Returns the HorizontalPodAutoscaler of another owner that scales the proxies, if there is one. */
export function findForeignAutoscaler({ namespace, name }: GatewayRef, { autoscalers }: Seen): Autoscaler | undefined {
  const deployment = proxyName(name);
  return autoscalers
    .get(targetKey(namespace, { kind: 'Deployment', name: deployment }))
    ?.find((one) => one.component !== 'proxy');
}

/** Returns our HorizontalPodAutoscaler that is not wanted any more, or undefined. */
export function findUnwantedAutoscaler(
  { spec, gateway }: { spec: HoldfastProxySpec; gateway: GatewayRef },
  seen: Seen,
): Autoscaler | undefined {
  const { namespace, name } = gateway;
  const own = seen.autoscalers
    .get(targetKey(namespace, { kind: 'Deployment', name: proxyName(name) }))
    ?.find((one) => one.component === 'proxy' && one.name === proxyName(name));
  return spec.autoscaling === undefined || findForeignAutoscaler(gateway, seen) ? own : undefined;
}

/** Returns why a number that the HoldfastProxy asks for is not applied, and what to do; undefined if it is applied. */
export function explainReplicas(spec: HoldfastProxySpec, gateway: GatewayRef, seen: Seen): string | undefined {
  const foreign = findForeignAutoscaler(gateway, seen);
  if (foreign === undefined) return undefined;
  const which = `HorizontalPodAutoscaler ${foreign.name} scales Deployment ${proxyName(gateway.name)}`;
  if (spec.autoscaling) {
    return `${which}: spec.autoscaling of the HoldfastProxy is not applied. Delete the HorizontalPodAutoscaler, or remove spec.autoscaling.`;
  }
  if (spec.replicas === undefined) return undefined;
  return `${which}: the ${formatCount(spec.replicas, 'replica')} of the HoldfastProxy are not applied. Delete the HorizontalPodAutoscaler, or remove spec.replicas.`;
}
