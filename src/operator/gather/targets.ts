/** Deployments and StatefulSets as the core sees them: the targets of StickyWorkloads, and the Deployments of Holdfast's proxies. */
import { fieldManager, labels, managedByValue } from '../../core/names/names.ts';
import type { ClusterAutoscaler, Owned, ProxyDeployment, Rollout, Target } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { autoscalerOf } from './nodes.ts';
import { type CachedOwned, projectOwned } from './owned.ts';

type Template = { metadata?: { labels?: Record<string, string> | null }; spec?: { containers?: Container[] | null } };
type Container = { ports?: ContainerPort[] | null; readinessProbe?: object };
type ContainerPort = { name?: string; containerPort: number; protocol?: string };

type Workload = KubeObject & {
  kind: Target['kind'];
  metadata: { managedFields?: ManagedFields[] };
  spec?: {
    replicas?: number;
    strategy?: { type?: string };
    progressDeadlineSeconds?: number;
    podManagementPolicy?: string;
    ordinals?: { start?: number };
    /** Go may write an empty list as null. */
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] | null };
    template?: Template;
  };
  status?: { readyReplicas?: number; conditions?: { type: string; status: string; message?: string }[] | null };
};

type ManagedFields = { manager?: string; fieldsV1?: { 'f:spec'?: { 'f:replicas'?: object } } };

export type CachedTarget = CachedOwned & {
  target: Target;
  proxy?: Omit<ProxyDeployment, keyof Owned>;
  autoscaler?: ClusterAutoscaler;
};

/** Reduces a Deployment or StatefulSet to its selector, ports and readiness. */
export function projectTarget(object: KubeObject): CachedTarget {
  const proxy = readProxy(object as Workload);
  const autoscaler = autoscalerOf(object);
  return {
    ...projectOwned(object),
    ...(autoscaler && { autoscaler }),
    target: readTarget(object as Workload),
    ...(proxy && { proxy }),
  };
}

function readProxy({ metadata, spec, status }: Workload): CachedTarget['proxy'] {
  const gateway =
    metadata.labels?.[labels.managedBy] === managedByValue ? metadata.labels[labels.gatewayName] : undefined;
  if (gateway === undefined) return undefined;
  const scaledBy = scalerOf(metadata.managedFields ?? []);
  return {
    gateway,
    readyReplicas: status?.readyReplicas ?? 0,
    ...(spec?.replicas !== undefined && { replicas: spec.replicas }),
    ...(scaledBy !== undefined && { scaledBy }),
    ...refusalOf(status),
  };
}

/** Server-side apply records which manager set a field last; a HorizontalPodAutoscaler is kube-controller-manager, with subresource scale. */
const scalerOf = (managed: readonly ManagedFields[]): string | undefined =>
  managed.find(({ manager, fieldsV1 }) => manager !== fieldManager && fieldsV1?.['f:spec']?.['f:replicas'])?.manager;

/** The Deployment controller copies it from its ReplicaSets. Nothing comparable exists for a StatefulSet. */
function refusalOf({ conditions }: Workload['status'] = {}): { refusal?: string } {
  const failure = (conditions ?? []).find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  return failure?.message ? { refusal: failure.message } : {};
}

function readTarget({ kind, metadata, spec = {}, status }: Workload): Target {
  const { namespace = '', name, uid = '' } = metadata;
  const { matchLabels, matchExpressions } = spec.selector ?? {};
  const rollout = rolloutOf(kind, spec);
  return {
    kind,
    namespace,
    name,
    uid,
    ...(matchLabels && (matchExpressions ?? []).length === 0 && { matchLabels }),
    ...readTemplate(spec.template),
    ...(kind === 'StatefulSet' && { ordinals: ordinalsOf(spec) }),
    ...(rollout && { rollout }),
    ...refusalOf(status),
  };
}

const ordinalsOf = ({ ordinals, replicas = 1 }: NonNullable<Workload['spec']>): NonNullable<Target['ordinals']> => ({
  start: ordinals?.start ?? 0,
  replicas,
});

function readTemplate({ metadata, spec }: Template = {}): Pick<
  Target,
  'labels' | 'containerPorts' | 'hasReadinessProbe'
> {
  const { containers } = spec ?? {};
  // As for pods: the sessions are those of TCP.
  const ports = (containers ?? [])
    .flatMap((container) => container.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return {
    labels: metadata?.labels ?? {},
    containerPorts: ports.map((port) => ({
      ...(port.name !== undefined && { name: port.name }),
      port: port.containerPort,
    })),
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
  return cached.proxy && { ...cached.owned, ...cached.proxy };
}
