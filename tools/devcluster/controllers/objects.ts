/** The objects as the controllers read them: only the fields that they use. */
import type { KubeObject, ObjectRef } from '../../../src/kube/ports.ts';

export type Condition = {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
};

export type LabelSelector = { matchLabels?: Record<string, string>; matchExpressions?: readonly object[] };

/** A count, or a percentage such as `25%`. */
export type IntOrPercent = number | string;

type Container = {
  name: string;
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  restartPolicy?: string;
};

export type Pod = KubeObject & {
  spec: { nodeName?: string; schedulerName?: string; containers: Container[]; initContainers?: Container[] };
  status?: {
    phase?: string;
    podIP?: string;
    conditions?: Condition[];
    containerStatuses?: { name: string; restartCount: number }[];
  };
};

export type PodTemplate = { metadata?: { labels?: Record<string, string> }; spec: object };

export type ReplicaSet = KubeObject & {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate };
  status?: { replicas: number; readyReplicas?: number; availableReplicas?: number; terminatingReplicas?: number };
};

export type Deployment = KubeObject & {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    strategy?: { rollingUpdate?: { maxSurge?: IntOrPercent; maxUnavailable?: IntOrPercent } };
    template: PodTemplate;
  };
  status?: { conditions?: Condition[] };
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

/**
 * Gives JSON its type. The API server has validated it against the schema of its kind, so checking the kind is enough.
 * Throws for another kind: a bug of the caller.
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

/** Older first, by name if both are of the same second. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const difference = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
  return difference === 0 ? a.metadata.name.localeCompare(b.metadata.name) : difference;
}
