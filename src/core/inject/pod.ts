/**
 * What injection reads: the pod, as the JSON of an admission request (every field may be missing, and there are more), the parameters of its
 * StickyWorkload, and the port numbers that follow from both.
 */
import type { SourceType } from '../../wire/messages.ts';

export type PodJson = {
  metadata?: { annotations?: Record<string, string> };
  spec: {
    os?: { name?: string };
    nodeSelector?: Record<string, string>;
    hostNetwork?: boolean;
    /** Of the pod as a whole; they determine its quality of service. */
    resources?: object;
    imagePullSecrets?: { name?: string }[];
    terminationGracePeriodSeconds?: number;
    containers: ContainerJson[];
    initContainers?: ContainerJson[];
    volumes?: VolumeJson[];
  };
};

export type ContainerJson = {
  name: string;
  args?: string[];
  env?: { name: string }[];
  restartPolicy?: string;
  lifecycle?: { preStop?: HandlerJson };
  livenessProbe?: ProbeJson;
  startupProbe?: ProbeJson;
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  resources?: { requests?: Record<string, QuantityJson>; limits?: Record<string, QuantityJson> };
};

/** `100m`, `128Mi` or a number. */
export type QuantityJson = string | number;

export type SidecarResources = { requests?: Quantities; limits?: Quantities };
type Quantities = { cpu?: QuantityJson; memory?: QuantityJson; 'ephemeral-storage'?: QuantityJson };

export type VolumeJson = {
  name: string;
  projected?: { sources?: { serviceAccountToken?: { audience?: string; expirationSeconds?: number } }[] };
};

export type HandlerJson = { httpGet?: HttpGetJson; tcpSocket?: object };

export type HttpGetJson = {
  scheme?: string;
  host?: string;
  port?: number | string;
  path?: string;
  httpHeaders?: { name: string; value: string }[];
};

export type ProbeJson = { terminationGracePeriodSeconds?: number; httpGet?: HttpGetJson };

/** RFC 6902. Nothing that a user wrote is removed; `replace` is only for preStop hooks, which the sidecar then calls. */
export type JsonPatchOperation = { op: 'add' | 'replace'; path: string; value: unknown };

export const add = (path: string, value: unknown): JsonPatchOperation => ({ op: 'add', path, value });

export type InjectParams = {
  /** Name of the StickyWorkload. */
  workload: string;
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** PEM certificate of the authority that signs the operator's certificates. */
  caPem: string;
  /** Secrets with the credentials of the image registry, which the namespace of the pod must have. */
  imagePullSecrets: readonly string[];
  /** Instead of the defaults. */
  resources?: SidecarResources;
  /** Instead of the preferred one, or another that no container declares. */
  port?: number;
  preferredPort: number;
  /** Resolves to every replica of the operator. */
  discoveryHost: string;
  /** Addresses at which the operator can be reached without DNS: a pod may use other name servers, or no search domains. */
  discoveryAddresses: readonly string[];
  /** The name in the operator's certificate, whatever the address of the connection. */
  serverName: string;
  /** Random, for this pod: by it the sidecar recognizes the kubelet. */
  probeKey: string;
  drainTimeoutMs: number;
  quietPeriodMs: number;
  shutdownMarginMs: number;
  sessionSources: readonly SourceType[];
  sessionThreshold: number;
  /** For the source Connections. `ports` absent: the port of the Service. */
  connections: { ports?: number[]; excludeCIDRs: string[] };
  /** The target port of the Service; absent: the only port of the containers. */
  servicePort?: number | string;
  /** For the source Application. */
  application?: { path: string; port: number | string };
};

/**
 * Returns the number of a port that is given as number or as the name of a container port; undefined if no container declares the name.
 * The pod template decides that, so it is known only when a pod is created.
 */
export function resolvePort(
  port: number | string | undefined,
  containers: readonly ContainerJson[],
): number | undefined {
  if (typeof port !== 'string') return port;
  // IntOrString: a number may be a string.
  if (/^[0-9]+$/.test(port)) return Number(port);
  return containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === port)?.containerPort;
}

/**
 * Returns the ports whose connections are sessions: those of the spec, or the target port of the Service. If the spec has neither, every
 * declared TCP port: another webhook may have added a container, and additional connections only make a drain longer.
 */
export function connectionPorts({ spec }: PodJson, { connections, servicePort }: InjectParams): number[] {
  if (connections.ports) return connections.ports;
  if (servicePort !== undefined) {
    return [resolvePort(servicePort, spec.containers)].filter((port) => port !== undefined);
  }
  const declared = spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
  return [...new Set(declared.map(({ containerPort }) => containerPort))];
}

export const applicationPort = ({ spec }: PodJson, { application }: InjectParams): number | undefined =>
  resolvePort(application?.port, [...spec.containers, ...(spec.initContainers ?? [])]);
