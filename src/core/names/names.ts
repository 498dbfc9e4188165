/** Every name, label, annotation and port that components of Holdfast share. */

import { dnsSubdomain } from '../../api/grammar.ts';

export const fieldManager = 'holdfast';
export const gatewayClassName = 'holdfast';
export const controllerName = 'holdfast.dev/gateway-controller';
/** The audience of the projected tokens with which proxies and sidecars authenticate. */
export const tokenAudience = 'holdfast';

export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
  gatewayName: 'gateway.networking.k8s.io/gateway-name',
  gatewayClassName: 'gateway.networking.k8s.io/gateway-class-name',
  /** On a pod template: its pods are injected even before the operator has observed their StickyWorkload. */
  inject: 'holdfast.dev/inject',
} as const;

export const annotations = {
  /** On an injected pod: the StickyWorkload that its sidecar was injected for. */
  workload: 'holdfast.dev/workload',
  /** On an injected pod: the terminationGracePeriodSeconds of its template before injection. */
  originalGrace: 'holdfast.dev/original-termination-grace-seconds',
  /** On an injected pod: the port of its sidecar, for Prometheus. */
  sidecarPort: 'holdfast.dev/sidecar-port',
  /** On a StickyWorkload: whenever the value changes, its session keys are rotated. */
  rotateKeys: 'holdfast.dev/rotate-session-keys',
  /** On the Secret of its key ring: the value that the latest rotation handled, and the time of each step of a rotation. */
  keysRotatedFor: 'holdfast.dev/session-keys-rotated-for',
  keyAddedAt: 'holdfast.dev/session-key-added-at',
  keyPromotedAt: 'holdfast.dev/session-key-promoted-at',
  keySettledAt: 'holdfast.dev/session-key-settled-at',
  /** A Kubernetes annotation on a pod: a ReplicaSet that scales down deletes pods with a lower cost first. */
  deletionCost: 'controller.kubernetes.io/pod-deletion-cost',
} as const;

/** Labels and taints by which cloud providers and autoscalers mark nodes. */
export const nodeLabels = {
  karpenterCapacity: 'karpenter.sh/capacity-type',
  eksCapacity: 'eks.amazonaws.com/capacityType',
  gkeSpot: 'cloud.google.com/gke-spot',
  gkeNodePool: 'cloud.google.com/gke-nodepool',
} as const;
export const autoscalerTaint = 'ToBeDeletedByClusterAutoscaler';

export const managedByValue = 'holdfast';
/** On a StickyWorkload while its pods drain: the objects that serve them must not be deleted earlier. */
export const drainFinalizer = 'holdfast.dev/drain';
export const sidecarContainer = 'holdfast-sidecar';
/** Settings of the sidecar, fixed at injection. The operator reads them back from the pod. */
export const sidecarVariables = {
  drainTimeout: 'HOLDFAST_DRAIN_TIMEOUT_MS',
  shutdownMargin: 'HOLDFAST_SHUTDOWN_MARGIN_MS',
  sessionThreshold: 'HOLDFAST_SESSION_THRESHOLD',
  sessionSources: 'HOLDFAST_SESSION_SOURCES',
} as const;

export const ports = {
  /** In every injected pod: receives the kubelet's preStop call. */
  sidecar: 15999,
  /** Operator: webhook, TLS. */
  webhook: 9443,
  /** Operator: discovery, reports and drain queries, TLS. */
  discovery: 9444,
  /** Operator and proxy: health, metrics, debug; plain HTTP, inside the cluster. */
  admin: 9090,
} as const;

export const operatorNamespace = 'holdfast-system';
export const operatorService = 'holdfast-operator';
/** Headless: proxies and sidecars connect to each replica by its address. */
export const discoveryService = 'holdfast-discovery';
export const webhookConfiguration = 'holdfast';

/** The Gateway of a StickyWorkload that names no parentRefs. */
export const defaultGateway = 'holdfast';

/** Deployment, Service, PodDisruptionBudget and ServiceAccount of a Gateway's proxy (GEP-1762). */
export const proxyName = (gateway: string): string => `${gateway}-${gatewayClassName}`;

/** The Gateway whose proxy runs as this ServiceAccount; undefined for other ServiceAccounts. */
export function gatewayOfProxy(serviceAccount: string): string | undefined {
  const suffix = `-${gatewayClassName}`;
  return serviceAccount.endsWith(suffix) && serviceAccount.length > suffix.length
    ? serviceAccount.slice(0, -suffix.length)
    : undefined;
}

/** Whether an object can have this name. The schema requires it of a target, but a StickyWorkload may be older than its schema. */
export const isObjectName = (name: string): boolean => name.length <= 253 && objectName.test(name);
const objectName = new RegExp(dnsSubdomain);

export const keyRingName = (workload: string): string => `${workload}-session-keys`;
export const defaultCookieName = (workload: string): string => `${workload}-session`;
export const backendKey = (namespace: string, workload: string): string => `${namespace}/${workload}`;
/** Key of a Deployment or StatefulSet. */
export const targetKey = (namespace: string, { kind, name }: { kind: string; name: string }): string =>
  `${namespace}/${kind}/${name}`;

/** A proxy runs unprivileged: it binds ports below 1024 with an offset of 10000, and its Service maps them. */
export const containerPort = (listenerPort: number): number =>
  listenerPort < 1024 ? listenerPort + 10_000 : listenerPort;
