/** The pod of a proxy: one container without any privilege, a token for discovery, and memory to keep its table in. */
import type { GatewayRef } from '../resolve/plan.ts';
import { ports, tokenAudience } from '../names/names.ts';

/** What the operator knows of its own installation. */
export type ProxyParams = {
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** PEM of the authority that signs the operator's certificates. */
  caPem: string;
  /** Resolves to every replica of the operator. */
  discoveryHost: string;
  /** The name in the operator's certificate, whatever address was dialled. */
  serverName: string;
};

const tableFolder = '/var/run/holdfast';
const unprivilegedId = 65532;

/** The part of a pod spec that does not depend on who else serves the Gateway. */
export const renderProxyPod = (gateway: GatewayRef, params: ProxyParams) => ({
  automountServiceAccountToken: false,
  // Open requests end in this time after SIGTERM; a session outlives its proxy in any case.
  terminationGracePeriodSeconds: 60,
  // fsGroup: the projected token is readable for its group.
  securityContext: {
    runAsNonRoot: true,
    runAsUser: unprivilegedId,
    runAsGroup: unprivilegedId,
    fsGroup: unprivilegedId,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containers: [renderContainer(gateway, params)],
  volumes: [
    {
      name: 'holdfast-token',
      projected: {
        sources: [{ serviceAccountToken: { audience: tokenAudience, expirationSeconds: 3600, path: 'token' } }],
      },
    },
    // Signing keys are part of the table: memory-backed, so that they never reach a disk.
    { name: 'holdfast-table', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
  ],
});

const renderContainer = (gateway: GatewayRef, params: ProxyParams) => ({
  name: 'proxy',
  image: params.image,
  imagePullPolicy: params.imagePullPolicy,
  args: ['proxy'],
  env: renderEnvironment(gateway, params),
  // Not those of the listeners, which it binds as its table says: a listener that is added must not roll the proxies.
  ports: [{ name: 'admin', containerPort: ports.admin, protocol: 'TCP' }],
  // Slow is better than out: a node that is starved for some seconds would take all its proxies out at once, and a Service without
  // endpoints refuses every new connection. One that ends, or whose process has died, is taken out without this probe.
  readinessProbe: {
    httpGet: { path: '/readyz', port: 'admin' },
    periodSeconds: 2,
    timeoutSeconds: 3,
    failureThreshold: 3,
  },
  // On a starved node a start takes its time, and an answer too: to be killed for that would cost every connection.
  startupProbe: { httpGet: { path: '/healthz', port: 'admin' }, periodSeconds: 1, failureThreshold: 120 },
  livenessProbe: {
    httpGet: { path: '/healthz', port: 'admin' },
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 3,
  },
  // No limits: a proxy that is killed for memory or throttled hurts every session at once.
  resources: { requests: { cpu: '100m', memory: '128Mi' } },
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  volumeMounts: [
    { name: 'holdfast-token', mountPath: '/var/run/secrets/holdfast', readOnly: true },
    { name: 'holdfast-table', mountPath: tableFolder },
  ],
});

const renderEnvironment = (gateway: GatewayRef, params: ProxyParams) => [
  { name: 'HOLDFAST_GATEWAY_NAMESPACE', value: gateway.namespace },
  { name: 'HOLDFAST_GATEWAY_NAME', value: gateway.name },
  { name: 'HOLDFAST_CA', value: params.caPem },
  { name: 'HOLDFAST_DISCOVERY_HOST', value: params.discoveryHost },
  { name: 'HOLDFAST_SERVER_NAME', value: params.serverName },
  { name: 'HOLDFAST_ADMIN_PORT', value: String(ports.admin) },
  { name: 'HOLDFAST_TABLE_FILE', value: `${tableFolder}/table.json` },
];
