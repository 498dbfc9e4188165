/** Deployments and StatefulSets as the core sees them: the targets of StickyWorkloads, and the Deployments of our own proxies. */
import { labels, managedByValue } from '../../core/names/names.ts';
import type { ProxyDeployment, Target } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { type CachedOwned, projectOwned } from './owned.ts';

type Workload = KubeObject & {
  kind: Target['kind'];
  spec?: {
    /** Go may write an empty list as null. */
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] | null };
    template?: { spec?: { containers?: { ports?: { name?: string; containerPort: number }[] | null }[] | null } };
  };
  status?: { readyReplicas?: number };
};

export type CachedTarget = CachedOwned & { target: Target; gateway?: string; readyReplicas: number };

/** For the reflector: a Deployment or StatefulSet pruned to its selector, ports and readiness. */
export function projectTarget(object: KubeObject): CachedTarget {
  const { metadata, status } = object as Workload;
  const gateway = metadata.labels?.[labels.managedBy] === managedByValue ? metadata.labels[labels.gatewayName] : undefined;
  return {
    ...projectOwned(object),
    target: readTarget(object as Workload),
    ...(gateway !== undefined && { gateway }),
    readyReplicas: status?.readyReplicas ?? 0,
  };
}

function readTarget({ kind, metadata, spec = {} }: Workload): Target {
  const { namespace = '', name, uid = '' } = metadata;
  const { matchLabels, matchExpressions } = spec.selector ?? {};
  const ports = (spec.template?.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return {
    kind,
    namespace,
    name,
    uid,
    ...(matchLabels && (matchExpressions ?? []).length === 0 && { matchLabels }),
    containerPorts: ports.map((port) => ({ ...(port.name !== undefined && { name: port.name }), port: port.containerPort })),
  };
}

/** The proxy that this Deployment is, or undefined where it is none. */
export function proxyOf(cached: CachedTarget): ProxyDeployment | undefined {
  return cached.gateway === undefined ? undefined : { ...cached.owned, gateway: cached.gateway, readyReplicas: cached.readyReplicas };
}
