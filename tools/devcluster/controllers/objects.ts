/** The objects as the controllers read them: only the fields that they use. */
import type { KubeObject, ObjectRef } from '../../../src/kube/ports.ts';

export type Condition = {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  observedGeneration?: number;
};

export type LabelSelector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
};

/** A count, or a percentage such as `25%`. */
export type IntOrPercent = number | string;

type ContainerPort = { name?: string; containerPort: number; protocol?: string };
type Container = {
  name: string;
  ports?: ContainerPort[];
  restartPolicy?: string;
  resources?: { requests?: Record<string, string | number> };
};

export type Pod = KubeObject & {
  spec: { nodeName?: string; schedulerName?: string; containers: Container[]; initContainers?: Container[] };
  status?: {
    phase?: string;
    startTime?: string;
    podIP?: string;
    podIPs?: { ip: string }[];
    conditions?: Condition[];
    containerStatuses?: { name: string; restartCount: number }[];
  };
};

export type PodTemplate = {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string>; finalizers?: string[] };
  spec: object;
};

export type ReplicaSetStatus = {
  replicas: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  terminatingReplicas?: number;
  observedGeneration?: number;
  conditions?: Condition[];
};
export type ReplicaSet = KubeObject & {
  spec: { replicas?: number; minReadySeconds?: number; selector: LabelSelector; template: PodTemplate };
  status?: ReplicaSetStatus;
};

export type DeploymentStatus = {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  terminatingReplicas?: number;
  conditions?: Condition[];
};
export type Deployment = KubeObject & {
  spec: {
    replicas?: number;
    paused?: boolean;
    minReadySeconds?: number;
    progressDeadlineSeconds?: number;
    revisionHistoryLimit?: number;
    selector: LabelSelector;
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: IntOrPercent; maxUnavailable?: IntOrPercent } };
    template: PodTemplate;
  };
  status?: DeploymentStatus;
};

export type ServicePort = {
  name?: string;
  port: number;
  targetPort?: number | string;
  protocol?: string;
  appProtocol?: string;
};
export type Service = KubeObject & {
  spec: {
    type?: string;
    clusterIP?: string;
    selector?: Record<string, string>;
    ports?: ServicePort[];
    publishNotReadyAddresses?: boolean;
  };
};

export type Node = KubeObject & { spec?: { unschedulable?: boolean } };

export type Namespace = KubeObject & {
  spec?: { finalizers?: string[] };
  status?: { phase?: string; conditions?: Condition[] };
};

/**
 * Gives JSON its type. The API server has checked it against the schema of its kind, so the kind says enough.
 * Anything else is a mistake of the caller.
 */
export function reader<T extends KubeObject>(kind: T['kind']): (object: KubeObject) => T {
  const isKind = (object: KubeObject): object is T => object.kind === kind;
  return (object) => {
    if (!isKind(object)) throw new Error(`expected a ${kind}, not a ${object.kind}`);
    return object;
  };
}

export const asPod = reader<Pod>('Pod');
export const asReplicaSet = reader<ReplicaSet>('ReplicaSet');
export const asDeployment = reader<Deployment>('Deployment');
export const asService = reader<Service>('Service');
export const asNode = reader<Node>('Node');
export const asNamespace = reader<Namespace>('Namespace');

/** `namespace/name`, or the name alone. */
export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Seconds, as Kubernetes writes times. */
export const formatTime = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;

/** Older first, by name where both are of the same second. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const difference = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
  return difference === 0 ? a.metadata.name.localeCompare(b.metadata.name) : difference;
}
