/** The pod of a proxy: one unprivileged container, a token for discovery, and a memory-backed volume for its routing table. */
import { durationMs } from '../../api/duration.ts';
import type { HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import { ports, proxyVariables } from '../names/names.ts';
import { renderTokenVolume, tokenVolume } from './token-volume.ts';

/** Settings of the operator's installation. */
export type ProxyParams = {
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** PEM certificate of the authority that signs the operator's certificates. */
  caPem: string;
  /** Resolves to every replica of the operator. */
  discoveryHost: string;
  /** The name in the operator's certificate, whatever the address of the connection. */
  serverName: string;
};

const tableFolder = '/var/run/holdfast';
const unprivilegedId = 65532;

/**
 * Until the listeners are closed, and for the last responses. The limit of a drain is in the table: the grace period only has to be longer, so
 * that a workload with a longer drain.timeout causes no rollout of the proxies.
 */
const shutdownMarginMs = 30_000;

const graceSecondsOf = ({ drainTimeout }: HoldfastProxySpec): number =>
  Math.ceil((durationMs(drainTimeout) + shutdownMarginMs) / 1000);

/** The part of the pod spec that does not depend on the other replicas. */
export const renderProxyPod = (gateway: GatewayRef, params: ProxyParams, spec: HoldfastProxySpec) => ({
  automountServiceAccountToken: false,
  // Linux drops a SIGTERM for a process 1 that has no handler yet: a proxy that was deleted while it started would stay until the end of its
  // grace period. In a shared process namespace it is not process 1, and ends at once.
  shareProcessNamespace: true,
  terminationGracePeriodSeconds: graceSecondsOf(spec),
  ...(spec.nodeSelector && { nodeSelector: spec.nodeSelector }),
  ...(spec.tolerations && { tolerations: spec.tolerations }),
  ...(spec.priorityClassName !== undefined && { priorityClassName: spec.priorityClassName }),
  ...(spec.imagePullSecrets && { imagePullSecrets: spec.imagePullSecrets }),
  // fsGroup: makes the projected token readable.
  securityContext: {
    runAsNonRoot: true,
    runAsUser: unprivilegedId,
    runAsGroup: unprivilegedId,
    fsGroup: unprivilegedId,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containers: [renderContainer(gateway, params, spec)],
  volumes: [
    renderTokenVolume(graceSecondsOf(spec)),
    // Signing keys are part of the table: memory-backed, so that they never reach a disk.
    { name: 'holdfast-table', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
  ],
});

const renderContainer = (gateway: GatewayRef, params: ProxyParams, spec: HoldfastProxySpec) => ({
  name: 'proxy',
  image: params.image,
  imagePullPolicy: params.imagePullPolicy,
  args: ['proxy'],
  env: renderEnvironment(gateway, params, spec),
  // Without the listeners' ports, which the proxy binds according to its table: a new listener must not cause a rollout of the proxies.
  ports: [{ name: 'admin', containerPort: ports.admin, protocol: 'TCP' }],
  // A slow proxy is better than none: a node that is starved of CPU for some seconds would make all its proxies unready at once, and a
  // Service without endpoints refuses every new connection. A proxy that terminates, or whose process has exited, is removed without this probe.
  readinessProbe: {
    httpGet: { path: '/readyz', port: 'admin' },
    periodSeconds: 2,
    timeoutSeconds: 3,
    failureThreshold: 3,
  },
  // On a node that is starved of CPU starts and responses are slow: a restart because of that would cut every connection.
  startupProbe: { httpGet: { path: '/healthz', port: 'admin' }, periodSeconds: 1, failureThreshold: 120 },
  livenessProbe: {
    httpGet: { path: '/healthz', port: 'admin' },
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 3,
  },
  resources: renderResources(spec.resources),
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  volumeMounts: [
    { name: tokenVolume, mountPath: '/var/run/secrets/holdfast', readOnly: true },
    { name: 'holdfast-table', mountPath: tableFolder },
  ],
});

/** Without limits by default: a proxy that is killed for memory or throttled hurts every session at once. */
function renderResources({ requests = {}, limits = {} }: NonNullable<HoldfastProxySpec['resources']> = {}) {
  // Kubernetes sets an absent request to the limit; a default request above the limit would be refused.
  const defaults = Object.entries({ cpu: '100m', memory: '128Mi' }).filter(([name]) => !Object.hasOwn(limits, name));
  const all = { requests: { ...Object.fromEntries(defaults), ...requests }, limits };
  return Object.fromEntries(Object.entries(all).filter(([, values]) => Object.keys(values).length > 0));
}

const renderEnvironment = (gateway: GatewayRef, params: ProxyParams, spec: HoldfastProxySpec) => [
  { name: proxyVariables.gatewayNamespace, value: gateway.namespace },
  { name: proxyVariables.gatewayName, value: gateway.name },
  { name: 'HOLDFAST_CA', value: params.caPem },
  { name: 'HOLDFAST_DISCOVERY_HOST', value: params.discoveryHost },
  { name: 'HOLDFAST_SERVER_NAME', value: params.serverName },
  { name: 'HOLDFAST_ADMIN_PORT', value: String(ports.admin) },
  // The grace period of this pod cannot be extended: a longer drainTimeout in a later table must not end in SIGKILL before the handover.
  { name: 'HOLDFAST_SHUTDOWN_GRACE_MS', value: String(durationMs(spec.drainTimeout)) },
  { name: 'HOLDFAST_TABLE_FILE', value: `${tableFolder}/table.json` },
];
