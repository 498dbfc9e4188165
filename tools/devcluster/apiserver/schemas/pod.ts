/** Pods: the supported fields, with their defaults. Rare fields of a container are kept without checks (`anything`). */
import type { Schema } from '../../schema/schema.ts';
import {
  anything,
  bool,
  conditions,
  int32,
  int64,
  intOrString,
  kindOf,
  labelSelector,
  list,
  localReference,
  metadata,
  object,
  or,
  quantities,
  text,
  texted,
  texts,
  time,
} from './terms.ts';

const httpGet = object({
  path: or(text, '/'),
  port: intOrString,
  host: text,
  scheme: or(text, 'HTTP'),
  httpHeaders: list(object({ name: text, value: text })),
});
const exec = object({ command: texts });
const tcpSocket = object({ port: intOrString, host: text });

const probe = object({
  exec,
  httpGet,
  tcpSocket,
  grpc: object({ port: int32, service: or(text, '') }),
  initialDelaySeconds: int32,
  timeoutSeconds: or(int32, 1),
  periodSeconds: or(int32, 10),
  successThreshold: or(int32, 1),
  failureThreshold: or(int32, 3),
  terminationGracePeriodSeconds: int64,
});

const handler = object({ exec, httpGet, tcpSocket, sleep: object({ seconds: int64 }) });
const lifecycle = object({ preStop: handler, postStart: handler, stopSignal: text });

const keyReference = object({ name: or(text, ''), key: text, optional: bool });
const fieldReference = object({ apiVersion: or(text, 'v1'), fieldPath: text });
const resourceFieldReference = object({ containerName: text, resource: text, divisor: intOrString });

const env = list(
  object({
    name: text,
    value: text,
    valueFrom: object({
      fieldRef: fieldReference,
      resourceFieldRef: resourceFieldReference,
      configMapKeyRef: keyReference,
      secretKeyRef: keyReference,
      fileKeyRef: anything,
    }),
  }),
);

const source = object({ name: or(text, ''), optional: bool });
const mount = object({
  name: text,
  mountPath: text,
  subPath: text,
  subPathExpr: text,
  readOnly: bool,
  mountPropagation: text,
  recursiveReadOnly: text,
});

const resources = object({
  limits: quantities,
  requests: quantities,
  claims: list(object({ name: text, request: text })),
});

const container = object({
  name: text,
  image: text,
  command: texts,
  args: texts,
  workingDir: text,
  ports: list(object({ name: text, containerPort: int32, hostPort: int32, hostIP: text, protocol: or(text, 'TCP') })),
  env,
  envFrom: list(object({ prefix: text, configMapRef: source, secretRef: source })),
  resources: or(resources, {}),
  resizePolicy: list(object({ resourceName: text, restartPolicy: text })),
  restartPolicy: text,
  restartPolicyRules: list(anything),
  volumeMounts: list(mount),
  volumeDevices: list(object({ name: text, devicePath: text })),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle,
  terminationMessagePath: or(text, '/dev/termination-log'),
  terminationMessagePolicy: or(text, 'File'),
  imagePullPolicy: text,
  securityContext: anything,
  stdin: bool,
  stdinOnce: bool,
  tty: bool,
});

const items = list(object({ key: text, path: text, mode: int32 }));
const downwardItems = list(
  object({ path: text, fieldRef: fieldReference, resourceFieldRef: resourceFieldReference, mode: int32 }),
);
const fileMode = or(int32, 0o644);

const volume = object({
  name: text,
  emptyDir: object({ medium: text, sizeLimit: intOrString }),
  hostPath: object({ path: text, type: or(text, '') }),
  configMap: object({ name: text, items, defaultMode: fileMode, optional: bool }),
  secret: object({ secretName: text, items, defaultMode: fileMode, optional: bool }),
  downwardAPI: object({ items: downwardItems, defaultMode: fileMode }),
  projected: object({
    defaultMode: fileMode,
    sources: list(
      object({
        configMap: object({ name: text, items, optional: bool }),
        secret: object({ name: text, items, optional: bool }),
        downwardAPI: object({ items: downwardItems }),
        serviceAccountToken: object({ audience: text, expirationSeconds: or(int64, 3600), path: text }),
        clusterTrustBundle: anything,
        podCertificate: anything,
      }),
    ),
  }),
  persistentVolumeClaim: object({ claimName: text, readOnly: bool }),
  ephemeral: anything,
  image: anything,
  csi: anything,
  nfs: anything,
});

const containers = list(container);

const podSpec: Schema = object({
  volumes: list(volume),
  initContainers: containers,
  containers,
  ephemeralContainers: list(anything),
  restartPolicy: or(text, 'Always'),
  terminationGracePeriodSeconds: or(int64, 30),
  activeDeadlineSeconds: int64,
  dnsPolicy: or(text, 'ClusterFirst'),
  dnsConfig: anything,
  nodeSelector: texted,
  serviceAccountName: text,
  serviceAccount: text,
  automountServiceAccountToken: bool,
  nodeName: text,
  hostNetwork: bool,
  hostPID: bool,
  hostIPC: bool,
  hostUsers: bool,
  hostname: text,
  hostnameOverride: text,
  subdomain: text,
  setHostnameAsFQDN: bool,
  shareProcessNamespace: bool,
  securityContext: or(anything, {}),
  imagePullSecrets: list(localReference),
  affinity: anything,
  schedulerName: or(text, 'default-scheduler'),
  tolerations: list(object({ key: text, operator: text, value: text, effect: text, tolerationSeconds: int64 })),
  hostAliases: list(object({ ip: text, hostnames: texts })),
  priorityClassName: text,
  priority: int32,
  preemptionPolicy: text,
  readinessGates: list(object({ conditionType: text })),
  schedulingGates: list(object({ name: text })),
  runtimeClassName: text,
  enableServiceLinks: bool,
  overhead: quantities,
  topologySpreadConstraints: list(
    object({
      maxSkew: int32,
      topologyKey: text,
      whenUnsatisfiable: text,
      labelSelector,
      minDomains: int32,
      nodeAffinityPolicy: text,
      nodeTaintsPolicy: text,
      matchLabelKeys: texts,
    }),
  ),
  os: object({ name: text }),
  resources,
  resourceClaims: list(anything),
});

export const podTemplate: Schema = object({ metadata, spec: podSpec });

const addresses = (key: string): Schema => list(object({ [key]: text }));
const containerStatuses = list(anything);

export const pod: Schema = kindOf({
  spec: or(podSpec, {}),
  status: object({
    observedGeneration: int64,
    phase: text,
    conditions,
    message: text,
    reason: text,
    nominatedNodeName: text,
    hostIP: text,
    hostIPs: addresses('ip'),
    podIP: text,
    podIPs: addresses('ip'),
    startTime: time,
    initContainerStatuses: containerStatuses,
    containerStatuses,
    ephemeralContainerStatuses: containerStatuses,
    qosClass: text,
    resize: text,
    resourceClaimStatuses: list(anything),
  }),
});
