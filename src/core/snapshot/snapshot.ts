/**
 * The observed cluster state as plain data. `gather` (in src/operator) builds it from watches; everything else in core is decided from
 * it. Lists are sorted by namespace and name, so that equal clusters give equal results whatever the order of events was.
 */
import type { BackendTlsPolicy, CaBundle } from './backend-tls.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { HoldfastProxy } from '../../api/holdfastproxy.ts';
import type { KeyRing } from '../../wire/routing-table.ts';
import type { XBackend } from './x-backend.ts';
import type { GrpcRouteSpec, HttpRouteSpec, SessionPersistenceSpec } from './http-route.ts';

export type Snapshot = {
  workloads: StickyWorkload[];
  targets: Target[];
  /** Those that are deleted, but StickyWorkloads refer to them, as they were last. */
  deletedTargets: Target[];
  pods: Pod[];
  services: Service[];
  slices: Slice[];
  /** Key rings by `namespace/name` of the StickyWorkload. */
  keyRings: Record<string, KeyRing>;
  /** From which the keys of rules with sessionPersistence are derived, as those of StickyWorkloads; absent until it is created. */
  masterRing?: KeyRing;
  gatewayApi: GatewayApi;
  gatewayClasses: GatewayClass[];
  holdfastProxies: HoldfastProxy[];
  /** The namespace of the installation, with the HoldfastProxy `default`. */
  operatorNamespace: string;
  /** All HorizontalPodAutoscalers: one of another owner may scale proxies. */
  autoscalers: Autoscaler[];
  gateways: Gateway[];
  /** Of users, and those that Holdfast renders for StickyWorkloads. */
  httpRoutes: HttpRoute[];
  /** Likewise. These two are empty if their kinds are not installed. */
  grpcRoutes: GrpcRoute[];
  trafficPolicies: TrafficPolicy[];
  /** Absent: the kind is not installed, or only in the form of v1.6, which selects no pods. */
  xBackends?: XBackend[];
  referenceGrants: ReferenceGrant[];
  /** Absent if their definition is not installed. */
  listenerSets?: ListenerSet[];
  /** Absent: the kind is not installed. */
  backendTlsPolicies?: BackendTlsPolicy[];
  /** ConfigMaps; absent: they are not read, as no BackendTLSPolicy can refer to them. */
  caBundles?: CaBundle[];
  /** Secrets of type kubernetes.io/tls. Absent: they are not read, as the operator has no right to or has not listed them yet. */
  tlsSecrets?: TlsSecret[];
  /** Namespaces whose Secrets are not read, as the operator has no right to; absent if it has all rights, or none. */
  refusedSecrets?: ReadonlySet<string>;
  /** Their labels may select which routes attach to a Gateway; empty if Gateway API is not installed. */
  namespaces: Namespace[];
  /** Deployments of proxies: whether they are ready, and their owners. */
  proxies: ProxyDeployment[];
  /** Objects with the name of a proxy (`<gateway>-holdfast`) and any owner: an object of another owner is never overwritten. */
  existing: Existing[];
  /** By `namespace/name` of the StickyWorkload; newest first. Only those that this replica has observed since its start. */
  removedPods: Record<string, RemovedPod[]>;
  /** Keys of the backends that proxies of retired Gateways report to have, in their own namespace, by key of the Gateway. */
  claimedBackends?: ReadonlyMap<string, ReadonlySet<string>>;
  /** StickyWorkloads that have left a Gateway (`leftKey`) whose proxies have no session on their pods any more. */
  endedSessions?: ReadonlySet<string>;
  /** By name; also deleted ones, as long as they have pods. */
  nodes: Record<string, ClusterNode>;
  /** Absent if none is found; that of a managed control plane is never visible. */
  autoscaler?: ClusterAutoscaler;
};

/** A pod that has been deleted, or all of whose containers have exited. `pod`: its name. */
export type RemovedPod = { pod: string; uid: string; atMs: number };

/**
 * What limits how long the pods of a node can stay: those of its labels that `names.ts` lists, and the keys of its taints.
 * `addresses`: where its node ports are reached; the external ones if it has any.
 * `lost`: it is not ready, does not renew its Lease, or is deleted.
 */
export type ClusterNode = { labels: Record<string, string>; taints: string[]; addresses: string[]; lost?: true };

/** The Kubernetes Cluster Autoscaler. `graceMs`: how long it waits for a pod when it removes a node. */
export type ClusterAutoscaler = { namespace: string; name: string; graceMs: number };

/** A Deployment or StatefulSet. */
export type Target = {
  kind: 'Deployment' | 'StatefulSet';
  namespace: string;
  name: string;
  uid: string;
  /** spec.selector.matchLabels; undefined if the selector has matchExpressions, which a Service does not support. */
  matchLabels?: Record<string, string>;
  /** Of its pods, by the template. */
  labels: Record<string, string>;
  containerPorts: { name?: string; port: number }[];
  /** Whether any app container has a readiness probe. */
  hasReadinessProbe: boolean;
  /** Of a StatefulSet: its pods have its name and one of these numbers, from `start` on. */
  ordinals?: { start: number; replicas: number };
  /** Absent if pods are replaced without waiting for each other. */
  rollout?: Rollout;
  /** Why the API server refuses its pods, in its own words: quota, LimitRange, PodSecurity or a webhook. */
  refusal?: string;
};

/** `Recreate`: new pods are created after all old ones have terminated. `OrderedReady`: pods terminate one at a time. */
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
  /** TCP ports that its app containers declare. */
  ports: PodPort[];
  /** Only of a pod that is being deleted, whose containers are not restarted: when each container that has exited did so, in Unix ms. */
  exits?: Record<string, number>;
  injection: PodInjection;
  /** The StickyWorkload in the pod's namespace that the sidecar was injected for. */
  workload?: string;
  /** Of a proxy: the name of the Gateway in its namespace that it serves, whether or not that still exists. */
  gateway?: string;
  /** Absent unless the pod is being deleted. */
  deletion?: PodDeletion;
  /** Why Kubernetes disrupts the pod: the reason of its condition DisruptionTarget, if it has one. */
  disruption?: string;
  /** Absent until the pod is scheduled. */
  node?: string;
  /** spec.terminationGracePeriodSeconds. */
  graceSeconds?: number;
  /** Absent if the pod has none. */
  sidecar?: PodSidecar;
};

/** `container`: absent for a port that no container declares. */
export type PodPort = { port: number; name?: string; container?: string };

/** Whether all containers of the pod have exited for good: its phase is terminal. */
export const isPodTerminal = ({ phase }: Pick<Pod, 'phase'>): boolean => phase === 'Succeeded' || phase === 'Failed';

/** The sidecar of a pod, from the pod's spec and status. */
export type PodSidecar = {
  /** Its limits at injection, whatever the spec of the StickyWorkload is now. */
  drainTimeoutMs?: number;
  shutdownMarginMs?: number;
  sessionThreshold?: number;
  sessionSources?: string[];
  /** How often its process has exited, and Kubernetes' reason for the last exit, such as OOMKilled. */
  endings: number;
  lastEnd?: string;
  /** Whether a container of the app is running. */
  appRuns: boolean;
  /** A container of the app that exits again and again (CrashLoopBackOff), and the port that the sidecar uses in the pod. */
  crashing?: { container: string; sidecarPort: number };
};

/** `killAtMs` is metadata.deletionTimestamp: the end of the grace period of `graceSeconds`. */
export type PodDeletion = { killAtMs: number; graceSeconds: number };

/** `injected`: the pod has the sidecar. `keptPreStop`: app containers whose own exec or sleep hook was left unchanged. */
export type PodInjection = { injected: boolean; keptPreStop: string[] };

/**
 * An object that Holdfast may own. `ownerUids`: those of its ownerReferences. `component`: its label app.kubernetes.io/component, absent
 * unless its label app.kubernetes.io/managed-by is holdfast.
 */
export type Owned = { namespace: string; name: string; uid: string; ownerUids: string[]; component?: string };

/**
 * `isExternalName`: of type ExternalName, a DNS name without pods. `clusterIps`: empty if it is headless. `ports`: those for TCP.
 */
/** `isLocal`: of externalTrafficPolicy Local, so that nodes without a pod of it drop what clients send them. */
export type Service = Owned & {
  type: string;
  isLocal?: true;
  isExternalName: boolean;
  clusterIps: string[];
  loadBalancer: Ingress[];
  ports: ServicePort[];
  /** Labels of its pods; absent if its slices are written by hand. */
  selector?: Record<string, string>;
};

/** A point of a load balancer. Providers report addresses, names, or both. */
export type Ingress = { ip?: string; hostname?: string };

/** `name`: empty if it has none. The slices have the port of the pods under the same name. */
export type ServicePort = { name: string; port: number; targetPort: number | string; appProtocol?: string };

/** `createdAt`: RFC 3339 in UTC, so that text order is time order. */
export type HttpRoute = Owned & { generation: number; createdAt: string; spec: HttpRouteSpec };
export type GrpcRoute = Owned & { generation: number; createdAt: string; spec: GrpcRouteSpec };

/** An XBackendTrafficPolicy. `services`: names of its targets, in its own namespace. `unsupported`: fields that are set and not supported. */
export type TrafficPolicy = Owned & {
  generation: number;
  createdAt: string;
  services: string[];
  sessionPersistence?: SessionPersistenceSpec;
  unsupported: string[];
};

/** Services, HTTPRoutes and Gateways have their own lists. */
export type Existing = Owned & { kind: 'Deployment' | 'ServiceAccount' | 'PodDisruptionBudget' };

/** A HorizontalPodAutoscaler, and what it scales. */
export type Autoscaler = Owned & { target: { kind: string; name: string } };

export type Slice = {
  namespace: string;
  name: string;
  service: string;
  family: 'IPv4' | 'IPv6';
  /** The pods' port numbers, by the names of the Service's ports. */
  ports: { name: string; port: number }[];
  endpoints: SliceEndpoint[];
};

/** `podUid` and `podName`: absent if it is no pod, as in a slice that a user wrote. */
export type SliceEndpoint = {
  podUid?: string;
  podName?: string;
  address: string;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
};

/**
 * What is installed of Gateway API, read from the CRDs' schemas rather than their version.
 * `sessionPersistence`: generation B (v1.6: sessionName, cookieConfig), C (v1.7: cookie, header), or absent (standard channel).
 * `bundleVersion`: the release that the CRDs claim to be of, such as `v1.6.3`.
 */
export type GatewayApi =
  | { installed: false }
  | { installed: true; sessionPersistence: 'B' | 'C' | 'Absent'; bundleVersion?: string };

/** `controllerName`: the controller of the Gateways of this class. */
export type GatewayClass = { name: string; controllerName: string; parametersRef?: ParametersRef };

/** A reference to parameters of Gateways. `field`: where it is set, for messages. */
export type ParametersRef = { field: string; group: string; kind: string; namespace: string; name: string };

export type Gateway = Owned & {
  className: string;
  generation: number;
  listeners: GatewayListener[];
  /** spec.tls.frontend; absent: clients need no certificate. */
  clientValidation?: ClientValidation;
  /** spec.tls.backend: what its proxies present to pods that ask for a certificate. */
  clientCertificate?: CertificateRef;
  /** The namespaces of the ListenerSets that may add to its listeners; absent: none. */
  allowedListeners?: AllowedNamespaces;
  /** spec.infrastructure: labels and annotations of everything that is created for the Gateway, and how its proxies run. */
  infrastructure: {
    labels: Record<string, string>;
    annotations: Record<string, string>;
    parametersRef?: ParametersRef;
  };
  /** spec.addresses. Without a value: any address of the type. */
  addresses: { type: string; value?: string }[];
  /** Fields that are set in its spec and that Holdfast does not support. */
  unsupported: string[];
};

/**
 * Which clients of HTTPS listeners are accepted. `byDefault`: on the ports that are not in `ports`. Without a rule clients need no
 * certificate.
 */
export type ClientValidation = { byDefault?: ClientRule; ports: { port: number; rule?: ClientRule }[] };

/** `field`: where it is set. `authorities`: one of them has signed the certificate of a client. */
export type ClientRule = { field: string; mode: string; authorities: CertificateRef[] };

/** Listeners that are added to a Gateway, which must allow it. */
export type ListenerSet = {
  namespace: string;
  name: string;
  uid: string;
  generation: number;
  /** RFC 3339 in UTC. */
  createdAt: string;
  parent: { group: string; kind: string; namespace: string; name: string };
  listeners: GatewayListener[];
};

export type GatewayListener = {
  name: string;
  port: number;
  protocol: string;
  hostname?: string;
  allowedRoutes: AllowedRoutes;
  /** Absent unless the spec has it, which Gateway API permits only with the protocols HTTPS and TLS. */
  tls?: ListenerTls;
  /** Whether it was valid and without a conflict according to its last status. */
  acceptedBefore?: boolean;
  /** Fields that are set and not supported; absent: none. */
  unsupported?: string[];
};

/** `options`: the names of the keys. */
export type ListenerTls = { mode: string; certificateRefs: CertificateRef[]; options: string[] };

export type CertificateRef = { group: string; kind: string; namespace: string; name: string };

/** In PEM, as the Secret has them. */
export type TlsSecret = { namespace: string; name: string; chain: string; key: string };

/** `kinds`: an empty list allows all kinds. */
export type AllowedRoutes = { kinds: { group: string; kind: string }[] } & AllowedNamespaces;

/** `Same`: that of the object that allows. */
export type AllowedNamespaces = { from: 'Same' | 'All' | 'None' } | { from: 'Selector'; selector: LabelSelector };

/** A Kubernetes label selector: all requirements must match. */
export type LabelSelector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};

/** Which objects of other namespaces may refer to which objects of this one. */
export type ReferenceGrant = {
  namespace: string;
  name: string;
  from: { group: string; kind: string; namespace: string }[];
  to: { group: string; kind: string; name?: string }[];
};

/** `isTerminating`: it is being deleted, and nothing can be created in it. */
export type Namespace = { name: string; labels: Record<string, string>; isTerminating: boolean };

export type ProxyDeployment = Owned & {
  gateway: string;
  readyReplicas: number;
  /** spec.replicas. */
  replicas?: number;
  /** The field manager other than Holdfast that last set spec.replicas, if any. */
  scaledBy?: string;
  /** Why the API server refuses its pods, in its own words: quota, LimitRange, PodSecurity or a webhook. */
  refusal?: string;
};
