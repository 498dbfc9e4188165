/** What injection reads of a pod, as the JSON of an admission request: every field may be missing, and there are many more. */
export type PodJson = {
  metadata?: { annotations?: Record<string, string> };
  spec: {
    hostNetwork?: boolean;
    terminationGracePeriodSeconds?: number;
    containers: ContainerJson[];
    initContainers?: ContainerJson[];
    volumes?: { name: string }[];
  };
};

export type ContainerJson = {
  name: string;
  lifecycle?: { preStop?: HandlerJson };
  livenessProbe?: ProbeJson;
  startupProbe?: ProbeJson;
  ports?: { containerPort: number }[];
};

export type HandlerJson = { httpGet?: { path?: string; port?: number | string } };

export type ProbeJson = { terminationGracePeriodSeconds?: number };

/** RFC 6902. Injection only ever adds: what a user wrote is not taken away. */
export type JsonPatchOperation = { op: 'add'; path: string; value: unknown };
