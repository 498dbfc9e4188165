/**
 * Every environment variable that a part reads. `holdfast COMMAND --help` and the reference are made from it; a test holds it
 * against the sources. Those of proxies and sidecars are set by the operator, and need no hand.
 */
export type SettingPart = 'operator' | 'proxy' | 'sidecar';
export type Setting = { parts: readonly SettingPart[]; default?: string; meaning: string };

export const settings = {
  HOLDFAST_LOG_LEVEL: {
    parts: ['operator', 'proxy'],
    default: 'info',
    meaning: 'What is logged: debug, info, warn, error or silent.',
  },
  HOLDFAST_ADMIN_PORT: {
    parts: ['operator', 'proxy'],
    default: '9090',
    meaning: 'Port of health, metrics and debug pages; 0 takes any free one.',
  },
  POD_NAME: {
    parts: ['operator'],
    meaning: "Name of the operator's own pod: its image is the one that proxies and sidecars get.",
  },
  POD_NAMESPACE: { parts: ['operator'], default: 'holdfast-system', meaning: "Namespace of the operator's own pod." },
  HOLDFAST_WEBHOOK_PORT: { parts: ['operator'], default: '9443', meaning: 'Port of the webhook.' },
  HOLDFAST_DISCOVERY_PORT: {
    parts: ['operator', 'proxy', 'sidecar'],
    default: '9444',
    meaning: 'Port on which the operator serves routing tables, reports and drain questions.',
  },
  HOLDFAST_DISCOVERY_HOST: {
    parts: ['proxy', 'sidecar'],
    default: 'holdfast-discovery.holdfast-system.svc',
    meaning: 'Name that resolves to every replica of the operator.',
  },
  HOLDFAST_SERVER_NAME: {
    parts: ['proxy', 'sidecar'],
    default: 'holdfast-operator.holdfast-system.svc',
    meaning: "Name in the operator's certificate.",
  },
  HOLDFAST_CA: { parts: ['proxy', 'sidecar'], meaning: "PEM of the authority that signs the operator's certificates." },
  HOLDFAST_TOKEN_FILE: {
    parts: ['proxy', 'sidecar'],
    default: '/var/run/secrets/holdfast/token',
    meaning: 'File with the projected ServiceAccount token, audience holdfast.',
  },
  HOLDFAST_GATEWAY_NAMESPACE: { parts: ['proxy'], meaning: 'Namespace of the Gateway that the proxy serves.' },
  HOLDFAST_GATEWAY_NAME: { parts: ['proxy'], meaning: 'Name of the Gateway that the proxy serves.' },
  HOLDFAST_TABLE_FILE: {
    parts: ['proxy'],
    meaning:
      'Where the last routing table is kept over a restart. It holds signing keys: keep it in memory (emptyDir with medium Memory). Unset: nowhere.',
  },
  HOLDFAST_SHUTDOWN_DELAY_MS: {
    parts: ['proxy'],
    default: '5000',
    meaning: 'From "not ready" to "accepts no more": until then load balancers still send new connections.',
  },
  HOLDFAST_SHUTDOWN_GRACE_MS: {
    parts: ['proxy'],
    default: '45000',
    meaning:
      "How long open requests and streams may go on after that. Together with the delay below the pod's termination grace.",
  },
  HOLDFAST_SIDECAR_PORT: {
    parts: ['sidecar'],
    default: '15999',
    meaning: "Port of the preStop hook, the sidecar's health and its metrics.",
  },
  HOLDFAST_DRAIN_TIMEOUT_MS: {
    parts: ['sidecar'],
    meaning: 'drain.timeout of the StickyWorkload when the pod was created.',
  },
  HOLDFAST_QUIET_PERIOD_MS: { parts: ['sidecar'], meaning: 'drain.quietPeriod, likewise.' },
  HOLDFAST_SHUTDOWN_MARGIN_MS: { parts: ['sidecar'], meaning: 'drain.shutdownMargin, likewise.' },
  HOLDFAST_SESSION_SOURCES: {
    parts: ['sidecar'],
    default: 'Proxy',
    meaning: 'drain.sessionSources, likewise: words with commas between.',
  },
  HOLDFAST_SESSION_THRESHOLD: { parts: ['sidecar'], default: '0', meaning: 'drain.sessionThreshold, likewise.' },
  HOLDFAST_CONNECTION_PORTS: {
    parts: ['sidecar'],
    meaning: 'For the source Connections: container ports, with commas between.',
  },
  HOLDFAST_EXCLUDE_CIDRS: {
    parts: ['sidecar'],
    meaning: 'For the source Connections: drain.connections.excludeCIDRs, with commas between.',
  },
  HOLDFAST_APPLICATION_PORT: { parts: ['sidecar'], meaning: 'For the source Application: the port to ask.' },
  HOLDFAST_APPLICATION_PATH: { parts: ['sidecar'], meaning: 'For the source Application: the path to ask.' },
  'HOLDFAST_PRE_STOP_<container>': {
    parts: ['sidecar'],
    meaning: "The container's own httpGet preStop hook, as JSON: it is called after the drain. Empty: it has none.",
  },
  HOLDFAST_RESTART_GRACE_MS: {
    parts: ['sidecar'],
    default: '30000',
    meaning: "How long a hook of the app's own may take where only its container restarts.",
  },
  HOLDFAST_POD_IP: {
    parts: ['sidecar'],
    default: '127.0.0.1',
    meaning: "The pod's address, at which the app and its hooks are asked.",
  },
  HOLDFAST_HOST_IPS: {
    parts: ['sidecar'],
    meaning: "Addresses of the pod's node, from which the kubelet's probes come.",
  },
} as const satisfies Record<string, Setting>;
