/** The fields of a pod that the kubelet reads, after defaulting. */
import type { KubeObject } from '../../../src/kube/ports.ts';

export type Pod = KubeObject & { spec: PodSpec; status?: { phase?: string; conditions?: Condition[] } };

export type PodSpec = {
  nodeName?: string;
  serviceAccountName?: string;
  restartPolicy?: RestartPolicy;
  terminationGracePeriodSeconds?: number;
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
};

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export type Container = {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  /** For init containers; Always makes it a native sidecar. */
  restartPolicy?: RestartPolicy;
  env?: EnvVariable[];
  ports?: { name?: string; containerPort: number }[];
  volumeMounts?: { name: string; mountPath: string; subPath?: string }[];
  lifecycle?: { preStop?: Handler };
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
};

export type EnvVariable = {
  name: string;
  value?: string;
  valueFrom?: { fieldRef?: { fieldPath: string }; secretKeyRef?: KeyRef; configMapKeyRef?: KeyRef };
};

export type KeyRef = { name: string; key: string; optional?: boolean };

export type Handler = {
  httpGet?: {
    scheme?: string;
    host?: string;
    port: number | string;
    path?: string;
    httpHeaders?: { name: string; value: string }[];
  };
  tcpSocket?: { host?: string; port: number | string };
  exec?: { command: string[] };
  sleep?: { seconds: number };
};

export type Probe = Handler & {
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
  terminationGracePeriodSeconds?: number;
};

/** In the order in which a new container runs them. */
export const probeKinds = ['startup', 'liveness', 'readiness'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export type Volume = {
  name: string;
  emptyDir?: object;
  configMap?: { name: string; items?: KeyPath[]; optional?: boolean };
  secret?: { secretName: string; items?: KeyPath[]; optional?: boolean };
  projected?: { sources?: ProjectedSource[] };
  downwardAPI?: { items?: FieldPath[] };
};

export type ProjectedSource = {
  serviceAccountToken?: { audience?: string; expirationSeconds?: number; path: string };
  configMap?: { name: string; items?: KeyPath[]; optional?: boolean };
  secret?: { name: string; items?: KeyPath[]; optional?: boolean };
  downwardAPI?: { items?: FieldPath[] };
};

export type KeyPath = { key: string; path: string };
export type FieldPath = { path: string; fieldRef?: { fieldPath: string } };

export type Condition = {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string;
};

/** The API server has validated it. */
export const isPod = (object: KubeObject): object is Pod => object.kind === 'Pod';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Returns all conditions, also those of other components. */
export const conditionsOf = ({ status }: Pod): readonly Condition[] => status?.conditions ?? [];

/** `init`: terminates before the next one starts. `sidecar`: an init container that keeps running. `app`: all others. */
export type Role = 'init' | 'sidecar' | 'app';

export type PodContainer = { role: Role; container: Container };

/** All containers, in the order in which they start. */
export const containersOf = ({ spec }: Pod): PodContainer[] => [
  ...(spec.initContainers ?? []).map((container): PodContainer => ({
    role: container.restartPolicy === 'Always' ? 'sidecar' : 'init',
    container,
  })),
  ...spec.containers.map((container): PodContainer => ({ role: 'app', container })),
];

export const probeOf = (container: Container, kind: ProbeKind): Probe | undefined => container[`${kind}Probe`];

export const defaultGraceSeconds = 30;
