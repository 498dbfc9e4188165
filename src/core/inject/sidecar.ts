/** The container that injection adds to a pod, and the token with which it authenticates to the operator. */
import { probeKeyHeader } from '../../wire/app-pre-stop-hook.ts';
import { sidecarContainer, tokenAudience } from '../names/names.ts';
import { tokenVolume } from '../render/token-volume.ts';
import type { ContainerJson, InjectParams, SidecarResources, VolumeJson } from './pod.ts';
import { escapeReferences } from './pre-stop.ts';

/** The settings of the sidecar that depend on the pod. */
export type PodSettings = {
  originalGraceSeconds: number;
  port: number;
  /** On the network of its node. */
  isOnNode: boolean;
  resources: SidecarResources;
  connectionPorts: number[];
  /** Undefined: no container declares a port of this name. */
  applicationPort: number | undefined;
  preStops: { name: string; value: string }[];
};

const tokenFolder = '/var/run/secrets/holdfast';

/** Checks more than the name, which a user may have given to another container. */
export const isSidecar = ({ name, restartPolicy, args }: ContainerJson): boolean =>
  name === sidecarContainer && restartPolicy === 'Always' && args?.[0] === 'sidecar';

function renderEnvironment(params: InjectParams, pod: PodSettings): object[] {
  const values: Record<string, string> = {
    HOLDFAST_CA: params.caPem,
    HOLDFAST_SIDECAR_PORT: String(pod.port),
    HOLDFAST_DISCOVERY_HOST: params.discoveryHost,
    ...(params.discoveryAddresses.length > 0 && {
      HOLDFAST_DISCOVERY_ADDRESSES: params.discoveryAddresses.join(','),
    }),
    HOLDFAST_SERVER_NAME: params.serverName,
    HOLDFAST_DRAIN_TIMEOUT_MS: String(params.drainTimeoutMs),
    HOLDFAST_QUIET_PERIOD_MS: String(params.quietPeriodMs),
    HOLDFAST_SHUTDOWN_MARGIN_MS: String(params.shutdownMarginMs),
    HOLDFAST_PROBE_KEY: params.probeKey,
    HOLDFAST_RESTART_GRACE_MS: String(Math.max(1, pod.originalGraceSeconds) * 1000),
    HOLDFAST_SESSION_SOURCES: params.sessionSources.join(','),
    HOLDFAST_SESSION_THRESHOLD: String(params.sessionThreshold),
    ...(params.sessionSources.includes('Connections') && {
      HOLDFAST_CONNECTION_PORTS: pod.connectionPorts.join(','),
      HOLDFAST_EXCLUDE_CIDRS: params.connections.excludeCIDRs.join(','),
    }),
    ...(params.application && {
      HOLDFAST_APPLICATION_PORT: String(pod.applicationPort ?? params.application.port),
      HOLDFAST_APPLICATION_PATH: params.application.path,
    }),
  };
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value: escapeReferences(value) })),
    fromPod('HOLDFAST_POD_IP', 'status.podIP'),
    fromPod('HOLDFAST_HOST_IPS', 'status.hostIPs'),
    ...pod.preStops,
  ];
}

const fromPod = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** A native sidecar: the kubelet keeps it alive until the last app container has exited. */
export const renderSidecar = (params: InjectParams, pod: PodSettings) => ({
  name: sidecarContainer,
  image: params.image,
  imagePullPolicy: params.imagePullPolicy,
  restartPolicy: 'Always',
  args: ['sidecar'],
  env: renderEnvironment(params, pod),
  // preStop is called once, and a refused connection results in SIGTERM at once. The kubelet starts the containers that follow in the
  // list only after this probe has passed, so no app container runs before the sidecar listens. This costs at most one period,
  // a second, per pod start. Two minutes allow for a node that is busy starting many pods at once.
  // No readiness probe, which would count for the pod, and no liveness probe: a restart breaks the running preStop call.
  startupProbe: {
    httpGet: {
      path: '/healthz',
      port: pod.port,
      httpHeaders: [{ name: probeKeyHeader, value: params.probeKey }],
    },
    periodSeconds: 1,
    timeoutSeconds: 1,
    failureThreshold: 120,
  },
  // Declared, so that the scheduler knows that the port of the node is in use. In a network of its own a pod needs no declaration.
  ...(pod.isOnNode && { ports: [{ containerPort: pod.port, hostPort: pod.port, protocol: 'TCP' }] }),
  resources: pod.resources,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  volumeMounts: [{ name: tokenVolume, mountPath: tokenFolder, readOnly: true }],
});

export const isTokenVolume = ({ name, projected }: VolumeJson): boolean =>
  name === tokenVolume &&
  (projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken?.audience === tokenAudience) ?? false);
