/** What injection reads of a pod, as the JSON of an admission request: every field may be missing, and there are many more. */
export type PodJson = {
  metadata?: { annotations?: Record<string, string> };
  spec: {
    os?: { name?: string };
    nodeSelector?: Record<string, string>;
    hostNetwork?: boolean;
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
};

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

export type ProbeJson = { terminationGracePeriodSeconds?: number };

/** RFC 6902. Nothing that a user wrote is taken away; `replace` is for preStop hooks alone, which the sidecar then calls. */
export type JsonPatchOperation = { op: 'add' | 'replace'; path: string; value: unknown };
