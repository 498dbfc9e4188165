/**
 * Every environment variable that a component reads. `holdfast COMMAND --help` and the reference are generated from this list; a
 * test compares it with the sources. The operator sets the variables of proxies and sidecars; users do not need to.
 */
export type SettingPart = 'operator' | 'proxy' | 'sidecar';
export type Setting = { parts: readonly SettingPart[]; default?: string; meaning: string };

export const settings = {
  HOLDFAST_LOG_LEVEL: {
    parts: ['operator', 'proxy'],
    default: 'info',
    meaning: 'Log level: debug, info, warn, error or silent.',
  },
  HOLDFAST_ADMIN_PORT: {
    parts: ['operator', 'proxy'],
    default: '9090',
    meaning: 'Port of the health, metrics and debug endpoints; 0 picks a free port.',
  },
  POD_NAME: {
    parts: ['operator'],
    meaning: "Name of the operator's own pod, whose image proxies and sidecars use.",
  },
  POD_NAMESPACE: { parts: ['operator'], default: 'holdfast-system', meaning: "Namespace of the operator's own pod." },
  HOLDFAST_NAMESPACES: {
    parts: ['operator'],
    meaning:
      'The only namespaces that the operator reads and serves, besides its own; separated by commas. Unset: all. See the namespaced install.',
  },
  HOLDFAST_WEBHOOK_PORT: { parts: ['operator'], default: '9443', meaning: 'Port of the webhook.' },
  HOLDFAST_DISCOVERY_PORT: {
    parts: ['operator', 'proxy', 'sidecar'],
    default: '9444',
    meaning: 'Port on which the operator serves routing tables, session reports and drain status requests.',
  },
  HOLDFAST_DISCOVERY_HOST: {
    parts: ['proxy', 'sidecar'],
    default: 'holdfast-discovery.holdfast-system.svc',
    meaning: 'DNS name that resolves to all operator replicas.',
  },
  HOLDFAST_SERVER_NAME: {
    parts: ['proxy', 'sidecar'],
    default: 'holdfast-operator.holdfast-system.svc',
    meaning: "Server name expected in the operator's certificate.",
  },
  HOLDFAST_CA: {
    parts: ['proxy', 'sidecar'],
    meaning: "PEM of the certificate authority that signs the operator's certificates.",
  },
  HOLDFAST_TOKEN_FILE: {
    parts: ['proxy', 'sidecar'],
    default: '/var/run/secrets/holdfast/token',
    meaning: 'Path of the projected ServiceAccount token with audience holdfast.',
  },
  HOLDFAST_GATEWAY_NAMESPACE: { parts: ['proxy'], meaning: 'Namespace of the Gateway that the proxy serves.' },
  HOLDFAST_GATEWAY_NAME: { parts: ['proxy'], meaning: 'Name of the Gateway that the proxy serves.' },
  HOLDFAST_TABLE_FILE: {
    parts: ['proxy'],
    meaning:
      'Path at which the proxy stores its last-known-good routing table, for use after a restart. The file contains signing keys: use an emptyDir with medium Memory. Unset: the table is not stored.',
  },
  HOLDFAST_SHUTDOWN_DELAY_MS: {
    parts: ['proxy'],
    default: '5000',
    meaning:
      'Time between failing the readiness probe and closing the listeners, during which load balancers may still send new connections.',
  },
  HOLDFAST_SHUTDOWN_GRACE_MS: {
    parts: ['proxy'],
    default: '604800000',
    meaning:
      "How long open requests and streams may continue after that, at most; drainTimeout of HoldfastProxy may be shorter. The sum of delay and grace must stay 15 s below the pod's terminationGracePeriodSeconds.",
  },
  HOLDFAST_WORKERS: {
    parts: ['proxy'],
    default: '0',
    meaning:
      'Processes that serve requests, or auto: one for each core. They are one proxy, with one admin port; each has the limits of connections and requests for itself. 0: the process that is started serves, without a primary.',
  },
  HOLDFAST_SOCKETS: {
    parts: ['proxy'],
    default: 'Handles',
    meaning:
      'How connections are read and written: Handles, on the handles of Node, or Streams, on its documented sockets, which costs a tenth more of the processor, and with TLS twice as much. Where Node has no such handles, Streams is used.',
  },
  HOLDFAST_DISCOVERY_ADDRESSES: {
    parts: ['sidecar'],
    meaning:
      "Addresses of the operator's Service, comma-separated: used when the name does not resolve, as in a pod with dnsPolicy Default or None.",
  },
  HOLDFAST_SIDECAR_IMAGE: { parts: ['operator'], meaning: "Image of the sidecars. Unset: the operator's own image." },
  HOLDFAST_IMAGE_PULL_SECRETS: {
    parts: ['operator'],
    meaning:
      'Names of Secrets, comma-separated, that injection adds to imagePullSecrets of the pods, for a sidecar image in a private registry. They must exist in the namespaces of the pods.',
  },
  HOLDFAST_SIDECAR_RESOURCES: {
    parts: ['operator'],
    meaning:
      'Resources of the sidecars as JSON, such as {"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"cpu":"100m","memory":"128Mi"}}. spec.sidecar.resources of a StickyWorkload replaces them.',
  },
  HOLDFAST_SIDECAR_PORT: {
    parts: ['operator', 'sidecar'],
    default: '15999',
    meaning:
      "Port of the sidecar's preStop, health and metrics endpoints. On the operator: the port of new sidecars, unless a container of the pod declares it or the StickyWorkload sets another.",
  },
  HOLDFAST_DRAIN_TIMEOUT_MS: {
    parts: ['sidecar'],
    meaning: 'drain.timeout of the StickyWorkload at the time the pod was created.',
  },
  HOLDFAST_QUIET_PERIOD_MS: { parts: ['sidecar'], meaning: 'drain.quietPeriod at that time.' },
  HOLDFAST_SHUTDOWN_MARGIN_MS: { parts: ['sidecar'], meaning: 'drain.shutdownMargin at that time.' },
  HOLDFAST_SESSION_SOURCES: {
    parts: ['sidecar'],
    default: 'Proxy',
    meaning: 'drain.sessionSources at that time, comma-separated.',
  },
  HOLDFAST_SESSION_THRESHOLD: { parts: ['sidecar'], default: '0', meaning: 'drain.sessionThreshold at that time.' },
  HOLDFAST_CONNECTION_PORTS: {
    parts: ['sidecar'],
    meaning: 'For session source Connections: container ports, comma-separated.',
  },
  HOLDFAST_EXCLUDE_CIDRS: {
    parts: ['sidecar'],
    meaning: 'For session source Connections: drain.connections.excludeCIDRs, comma-separated.',
  },
  HOLDFAST_APPLICATION_PORT: {
    parts: ['sidecar'],
    meaning: 'For session source Application: port that reports the number of sessions.',
  },
  HOLDFAST_APPLICATION_PATH: {
    parts: ['sidecar'],
    meaning: 'For session source Application: path that reports the number of sessions.',
  },
  'HOLDFAST_PRE_STOP_<container>': {
    parts: ['sidecar'],
    meaning: "The container's own httpGet preStop hook as JSON, called after the drain. Empty: the container has none.",
  },
  HOLDFAST_RESTART_GRACE_MS: {
    parts: ['sidecar'],
    default: '30000',
    meaning: "How long the app's own preStop hook may take when only its container restarts.",
  },
  HOLDFAST_POD_IP: {
    parts: ['sidecar'],
    default: '127.0.0.1',
    meaning: 'IP address of the pod, used for requests to the app and its hooks.',
  },
  HOLDFAST_HOST_IPS: {
    parts: ['sidecar'],
    meaning: "IP addresses of the pod's node, the source of kubelet probes and preStop calls; comma-separated.",
  },
  HOLDFAST_PROBE_KEY: {
    parts: ['sidecar'],
    meaning:
      'Random value that is also in the startup probe of the sidecar: a probe with it shows the address of the kubelet, which may be no address of the node.',
  },
} as const satisfies Record<string, Setting>;
