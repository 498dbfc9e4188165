/** Every name, label, annotation and port that components of Holdfast share. */

import { createHash } from 'node:crypto';
import { dnsSubdomain } from '../../api/grammar.ts';

export const fieldManager = 'holdfast';
export const gatewayClassName = 'holdfast';
export const gatewayApiGroup = 'gateway.networking.k8s.io';
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
  /** On the Secret of the master keys: whenever the value changes, all session keys are rotated. */
  rotateKeys: 'holdfast.dev/rotate-session-keys',
  /** On the same Secret: the value that the latest rotation handled, and the time of each step of a rotation. */
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

/** Settings of the proxy, fixed when its pod is created. The operator reads the name of its Gateway back from the pod. */
export const proxyVariables = {
  gatewayNamespace: 'HOLDFAST_GATEWAY_NAMESPACE',
  gatewayName: 'HOLDFAST_GATEWAY_NAME',
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

/**
 * Deployment, Service, PodDisruptionBudget and ServiceAccount of a Gateway's proxy: `GATEWAY-holdfast` (GEP-1762). The name of a Gateway may
 * have 253 characters and dots, that of a Service only 63 and no dots; then the name has a hash, and never the suffix, so that no other Gateway has it.
 */
export function proxyName(gateway: string): string {
  const name = `${gateway}-${gatewayClassName}`;
  if (name.length <= longestLabel && serviceName.test(name)) return name;
  const readable = gateway.replaceAll('.', '-').slice(0, longestLabel - gatewayClassName.length - hashDigits - 2);
  return `${gatewayClassName}-${readable}-${hashOf(gateway)}`;
}
const serviceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/** The value of a label that names a Gateway or a GatewayClass. No object's name has an underscore, so that no other one has the value. */
export const labelOf = (name: string): string =>
  name.length <= longestLabel ? name : `${name.slice(0, longestLabel - hashDigits - 1)}_${hashOf(name)}`;

// Of a DNS label (RFC 1035 §2.3.4), and of the value of a label.
const longestLabel = 63;
const hashDigits = 16;
const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, hashDigits);

/** Whether an object can have this name. The schema requires it of a target, but a StickyWorkload may be older than its schema. */
export const isObjectName = (name: string): boolean => name.length <= 253 && objectName.test(name);
const objectName = new RegExp(dnsSubdomain);

/** In the namespace of the operator: the master keys from which all session keys are derived. */
export const masterKeysName = 'holdfast-session-keys';
export const defaultCookieName = (workload: string): string => `${workload}-session`;
export const backendKey = (namespace: string, workload: string): string => `${namespace}/${workload}`;
/** Key of a Deployment or StatefulSet. */
export const targetKey = (namespace: string, { kind, name }: { kind: string; name: string }): string =>
  `${namespace}/${kind}/${name}`;
