/** Deployments and StatefulSets as the core sees them: the targets of StickyWorkloads, and the Deployments of Holdfast's proxies. */
import { labels, managedByValue } from '../../core/names/names.ts';
import type { ClusterAutoscaler, ProxyDeployment, Rollout, Target } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { autoscalerOf } from './nodes.ts';
import { type CachedOwned, projectOwned } from './owned.ts';

type Container = { ports?: { name?: string; containerPort: number }[] | null; readinessProbe?: object };

type Workload = KubeObject & {
  kind: Target['kind'];
  spec?: {
    strategy?: { type?: string };
    progressDeadlineSeconds?: number;
    podManagementPolicy?: string;
    /** Go may write an empty list as null. */
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] | null };
    template?: { spec?: { hostNetwork?: boolean; containers?: Container[] | null } };
  };
  status?: { readyReplicas?: number };
};

export type CachedTarget = CachedOwned & {
  target: Target;
  gateway?: string;
  readyReplicas: number;
  autoscaler?: ClusterAutoscaler;
};

/** Reduces a Deployment or StatefulSet to its selector, ports and readiness. */
export function projectTarget(object: KubeObject): CachedTarget {
  const { metadata, status } = object as Workload;
  const gateway =
    metadata.labels?.[labels.managedBy] === managedByValue ? metadata.labels[labels.gatewayName] : undefined;
  const autoscaler = autoscalerOf(object);
  return {
    ...projectOwned(object),
    ...(autoscaler && { autoscaler }),
    target: readTarget(object as Workload),
    ...(gateway !== undefined && { gateway }),
    readyReplicas: status?.readyReplicas ?? 0,
  };
}

function readTarget({ kind, metadata, spec = {} }: Workload): Target {
  const { namespace = '', name, uid = '' } = metadata;
  const { matchLabels, matchExpressions } = spec.selector ?? {};
  const rollout = rolloutOf(kind, spec);
  return {
    kind,
    namespace,
    name,
    uid,
    ...(matchLabels && (matchExpressions ?? []).length === 0 && { matchLabels }),
    ...readTemplate(spec.template?.spec),
    ...(rollout && { rollout }),
  };
}

function readTemplate({
  hostNetwork = false,
  containers,
}: { hostNetwork?: boolean; containers?: Container[] | null } = {}): Pick<
  Target,
  'containerPorts' | 'hostNetwork' | 'hasReadinessProbe'
> {
  const ports = (containers ?? []).flatMap((container) => container.ports ?? []);
  return {
    containerPorts: ports.map((port) => ({
      ...(port.name !== undefined && { name: port.name }),
      port: port.containerPort,
    })),
    hostNetwork,
    hasReadinessProbe: (containers ?? []).some(({ readinessProbe }) => readinessProbe !== undefined),
  };
}

/** Whether a new pod must wait for the termination of an old one. Absent fields mean RollingUpdate, 600 seconds and OrderedReady (apps/v1). */
function rolloutOf(kind: Target['kind'], spec: NonNullable<Workload['spec']>): Rollout | undefined {
  if (kind === 'StatefulSet') {
    return (spec.podManagementPolicy ?? 'OrderedReady') === 'OrderedReady' ? { type: 'OrderedReady' } : undefined;
  }
  return spec.strategy?.type === 'Recreate'
    ? { type: 'Recreate', progressDeadlineMs: (spec.progressDeadlineSeconds ?? 600) * 1000 }
    : undefined;
}

/** Returns the proxy that this Deployment runs, or undefined. */
export function proxyOf(cached: CachedTarget): ProxyDeployment | undefined {
  return cached.gateway === undefined
    ? undefined
    : { ...cached.owned, gateway: cached.gateway, readyReplicas: cached.readyReplicas };
}
