/**
 * The observed world as plain data: what the operator knows of the cluster at one moment. `gather` (in src/operator)
 * fills it from watches; everything in core judges it. Lists are sorted by namespace and name, so that equal worlds
 * give equal results whatever the order of events was.
 */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { RemovedEndpoint, KeyRing } from '../../wire/routing-table.ts';

export type Snapshot = {
  workloads: StickyWorkload[];
  targets: Target[];
  pods: Pod[];
  services: Service[];
  slices: Slice[];
  /** Key rings by `namespace/name` of the StickyWorkload. */
  keyRings: Record<string, KeyRing>;
  gatewayApi: GatewayApi;
  gatewayClasses: GatewayClass[];
  gateways: Gateway[];
  httpRoutes: Owned[];
  referenceGrants: ReferenceGrant[];
  /** Labels by which a Gateway may choose who attaches to it; known only while Gateway API is installed. */
  namespaces: Namespace[];
  /** Deployments of proxies, to see whether they are ready and whose they are. */
  proxies: ProxyDeployment[];
  /** What has the name of a proxy (`<gateway>-holdfast`), whoever created it: such an object is never overwritten. */
  existing: Existing[];
  /** By `namespace/name` of the StickyWorkload; newest first. Known to this replica only, since its start. */
  removedEndpoints: Record<string, RemovedEndpoint[]>;
  /** By name. */
  nodes: Record<string, ClusterNode>;
  /** Absent where none is seen; that of a managed control plane cannot be. */
  autoscaler?: ClusterAutoscaler;
};

/** Of a node, what says how long its pods can stay: those of its labels that `names.ts` lists, and the keys of its taints. */
export type ClusterNode = { labels: Record<string, string>; taints: string[] };

/** Kubernetes' Cluster Autoscaler. `graceMs`: what it leaves a pod when it removes the pod's node. */
export type ClusterAutoscaler = { namespace: string; name: string; graceMs: number };

/** A Deployment or StatefulSet. */
export type Target = {
  kind: 'Deployment' | 'StatefulSet';
  namespace: string;
  name: string;
  uid: string;
  /** spec.selector.matchLabels; undefined where it uses matchExpressions, which a Service cannot. */
  matchLabels?: Record<string, string>;
  containerPorts: { name?: string; port: number }[];
  /** Of its pod template. */
  hostNetwork: boolean;
  /** Whether any app container says when it is ready. */
  hasReadinessProbe: boolean;
  /** Absent where pods are replaced without waiting for one another. */
  rollout?: Rollout;
};

/** `Recreate`: no new pod before the last old one is gone. `OrderedReady`: no pod before the one before it is gone. */
export type Rollout = { type: 'Recreate'; progressDeadlineMs: number } | { type: 'OrderedReady' };

export type Pod = {
  namespace: string;
  name: string;
  uid: string;
  ip?: string;
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  ready: boolean;
  createdAtMs: number;
  labels: Record<string, string>;
  /** The end of the controller chain: Pod → ReplicaSet → Deployment, or Pod → StatefulSet. */
  controller?: { kind: string; name: string };
  /** By port name, of all app containers. */
  namedPorts: Record<string, number>;
  injection: PodInjection;
  /** The StickyWorkload that injection made the sidecar for, in the pod's namespace. */
  workload?: string;
  /** Absent unless the pod is being deleted. */
  deletion?: PodDeletion;
  /** Why Kubernetes disrupts it, where it says so: the reason of its condition DisruptionTarget. */
  disruption?: string;
  /** Absent until one is chosen. */
  node?: string;
  /** spec.terminationGracePeriodSeconds. */
  graceSeconds?: number;
  /** Absent where the pod has none. */
  sidecar?: PodSidecar;
  /** The annotation pod-deletion-cost, whoever wrote it; absent where there is none that can be read. */
  deletionCost?: number;
};

/** Whether all containers of the pod have exited for good: its phase is terminal. */
export const isPodTerminal = ({ phase }: Pick<Pod, 'phase'>): boolean => phase === 'Succeeded' || phase === 'Failed';

/** The sidecar in a pod, as pod and kubelet tell of it. */
export type PodSidecar = {
  /** The limit it was injected with: later changes of drain.timeout do not reach it. */
  drainTimeoutMs?: number;
  /** How often its process has ended, and Kubernetes' word for why the last time, such as OOMKilled. */
  endings: number;
  lastEnd?: string;
  /** Whether a container of the app runs beside it. */
  appRuns: boolean;
};

/** `killAtMs` is metadata.deletionTimestamp: when the grace of `graceSeconds` is over. */
export type PodDeletion = { killAtMs: number; graceSeconds: number };

/** `injected`: the sidecar is there. `kept`: app containers whose own exec or sleep preStop was left alone. */
export type PodInjection = { injected: boolean; keptPreStop: string[] };

/**
 * An object that may be ours. `ownerUids`: of its ownerReferences. `component`: its label app.kubernetes.io/component,
 * absent unless app.kubernetes.io/managed-by says holdfast.
 */
export type Owned = { namespace: string; name: string; uid: string; ownerUids: string[]; component?: string };

/** `isExternalName`: a name in the DNS, with no pods behind it. */
export type Service = Owned & { isExternalName: boolean };

/** Services, HTTPRoutes and Gateways have lists of their own. */
export type Existing = Owned & { kind: 'Deployment' | 'ServiceAccount' | 'PodDisruptionBudget' };

export type Slice = {
  namespace: string;
  name: string;
  service: string;
  /** Number of the Service's one port, on the pods. */
  port?: number;
  endpoints: {
    podUid: string;
    podName: string;
    address: string;
    ready: boolean;
    serving: boolean;
    terminating: boolean;
  }[];
};

/**
 * What of Gateway API is installed, read from the CRDs' schemas rather than their version.
 * `sessionPersistence`: generation B (v1.6: sessionName, cookieConfig), C (v1.7: cookie, header), or absent (standard channel).
 */
export type GatewayApi = { installed: false } | { installed: true; sessionPersistence: 'B' | 'C' | 'Absent' };

/** `controllerName`: whose Gateways of this class are. */
export type GatewayClass = { name: string; controllerName: string };

export type Gateway = Owned & {
  className: string;
  generation: number;
  listeners: GatewayListener[];
  /** spec.infrastructure: what everything made for the Gateway carries. */
  infrastructure: { labels: Record<string, string>; annotations: Record<string, string> };
  /** Fields of its spec that are set and that no proxy of ours carries out. */
  unsupported: string[];
};

export type GatewayListener = {
  name: string;
  port: number;
  protocol: string;
  hostname?: string;
  allowedRoutes: AllowedRoutes;
};

/** `kinds`: none means all. */
export type AllowedRoutes = { kinds: { group: string; kind: string }[] } & (
  | { from: 'Same' | 'All' | 'None' }
  | { from: 'Selector'; selector: LabelSelector }
);

/** As Kubernetes writes it: all of it must hold. */
export type LabelSelector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};

/** Who of which other namespaces may refer to what in this one. */
export type ReferenceGrant = {
  namespace: string;
  name: string;
  from: { group: string; kind: string; namespace: string }[];
  to: { group: string; kind: string; name?: string }[];
};

/** `isEnding`: deleted and terminating: nothing can be created in it any more. */
export type Namespace = { name: string; labels: Record<string, string>; isEnding: boolean };

export type ProxyDeployment = Owned & { gateway: string; readyReplicas: number };
