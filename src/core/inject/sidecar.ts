/** The container and the volume that injection adds to a pod. */
import { ports, sidecarContainer, tokenAudience } from '../names/names.ts';

export type InjectParams = {
  /** Name of the StickyWorkload. */
  workload: string;
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** PEM of the authority that signs the operator's certificates. */
  caPem: string;
  /** Resolves to every replica of the operator. */
  discoveryHost: string;
  /** The name in the operator's certificate, whatever address was dialled. */
  serverName: string;
  drainTimeoutMs: number;
  quietPeriodMs: number;
  shutdownMarginMs: number;
};

export const tokenVolume = 'holdfast-token';
const tokenFolder = '/var/run/secrets/holdfast';
export const preStopPath = '/prestop';

/** A projected volume, not an emptyDir: local storage would keep the cluster autoscaler from removing the node. */
export const renderTokenVolume = () => ({
  name: tokenVolume,
  projected: { sources: [{ serviceAccountToken: { audience: tokenAudience, expirationSeconds: 3600, path: 'token' } }] },
});

/** A native sidecar: the kubelet keeps it alive until the last app container has exited. */
export const renderSidecar = (params: InjectParams) => ({
  name: sidecarContainer,
  image: params.image,
  imagePullPolicy: params.imagePullPolicy,
  restartPolicy: 'Always',
  args: ['sidecar'],
  env: [
    { name: 'HOLDFAST_CA', value: params.caPem },
    { name: 'HOLDFAST_DISCOVERY_HOST', value: params.discoveryHost },
    { name: 'HOLDFAST_SERVER_NAME', value: params.serverName },
    { name: 'HOLDFAST_DRAIN_TIMEOUT_MS', value: String(params.drainTimeoutMs) },
    { name: 'HOLDFAST_QUIET_PERIOD_MS', value: String(params.quietPeriodMs) },
    { name: 'HOLDFAST_SHUTDOWN_MARGIN_MS', value: String(params.shutdownMarginMs) },
  ],
  // preStop is called once, and a refused connection means SIGTERM now. The kubelet starts what follows in the list only
  // when this probe has passed, so no app container ever runs beside a sidecar that does not listen yet. The price is at
  // most one period, a second, per pod start. Two minutes allow for a node that is busy starting everything at once.
  // No readiness probe: it would count for the pod, and no liveness probe: a restart breaks the running preStop call.
  startupProbe: { httpGet: { path: '/healthz', port: ports.sidecar }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 120 },
  // It holds 16 MB of its own; the rest of its 62 MB are the binary's pages, which can be dropped. Being killed for memory
  // loses the pod's sessions, so the limit is twice of all that. No CPU limit: throttling delays the answer to the kubelet.
  resources: { requests: { cpu: '5m', memory: '32Mi' }, limits: { memory: '128Mi' } },
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
