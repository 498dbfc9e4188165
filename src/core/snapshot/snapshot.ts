/**
 * The observed world as plain data: what the operator knows of the cluster at one moment. `gather` (in src/operator)
 * fills it from watches; everything in core judges it. Lists are sorted by namespace and name, so that equal worlds
 * give equal results whatever the order of events was.
 */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { Departed, KeyRing } from '../table/routing-table.ts';

export type Snapshot = {
  workloads: StickyWorkload[];
  targets: Target[];
  pods: Pod[];
  services: Owned[];
  slices: Slice[];
  /** Key rings by `namespace/name` of the StickyWorkload. */
  keyRings: Record<string, KeyRing>;
  gatewayApi: GatewayApi;
  gateways: Gateway[];
  httpRoutes: Owned[];
  /** Deployments of proxies, to see whether they are ready and whose they are. */
  proxies: ProxyDeployment[];
  /** What has the name of a proxy (`<gateway>-holdfast`), whoever made it: such an object is never overwritten. */
  existing: Existing[];
  /** By `namespace/name` of the StickyWorkload; newest first. Known to this replica only, since its start. */
  departed: Record<string, Departed[]>;
};

/** A Deployment or StatefulSet. */
export type Target = {
  kind: 'Deployment' | 'StatefulSet';
  namespace: string;
  name: string;
  uid: string;
  /** spec.selector.matchLabels; undefined where it uses matchExpressions, which a Service cannot. */
  matchLabels?: Record<string, string>;
  containerPorts: { name?: string; port: number }[];
};

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
  /** Absent unless the pod is being deleted. */
  deletion?: PodDeletion;
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

/** Services, HTTPRoutes and Gateways have lists of their own. */
export type Existing = Owned & { kind: 'Deployment' | 'ServiceAccount' | 'PodDisruptionBudget' };

export type Slice = {
  namespace: string;
  name: string;
  service: string;
  /** Number of the Service's one port, on the pods. */
  port?: number;
  endpoints: { podUid: string; podName: string; address: string; ready: boolean; serving: boolean; terminating: boolean }[];
};

/**
 * What of Gateway API is installed, read from the CRDs' schemas rather than their version.
 * `sessionPersistence`: generation B (v1.6: sessionName, cookieConfig), C (v1.7: cookie, header), or absent (standard channel).
 */
export type GatewayApi = { installed: false } | { installed: true; sessionPersistence: 'B' | 'C' | 'Absent' };

export type Gateway = Owned & { className: string; generation: number; listeners: { name: string; port: number; protocol: string; hostname?: string }[] };

export type ProxyDeployment = Owned & { gateway: string; readyReplicas: number };
