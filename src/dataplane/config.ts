/** The configuration of a proxy, read from its environment. */
import { discoveryService, operatorNamespace, operatorService, ports } from '../core/names/names.ts';
import { optionalText, portNumber, requiredText, wholeNumber, type Environment } from '../platform/config.ts';

export type OperatorConfig = {
  gateway: { namespace: string; name: string };
  /** Resolves to every replica of the operator. */
  host: string;
  port: number;
  serverName: string;
  /** PEM. */
  ca: string;
  tokenFile: string;
  /** The file with the last-known-good table, for a restart; undefined: none. */
  tableFile: string | undefined;
};

/** The source of the table: the operator, or a file in standalone mode. */
export type TableSourceConfig = { kind: 'operator'; operator: OperatorConfig } | { kind: 'file'; file: string };

export type ProxyConfig = {
  source: TableSourceConfig;
  adminPort: number;
  /** From "not ready" to the end of accepting: meanwhile kube-proxy and load balancers still send new connections. */
  shutdownDelayMs: number;
  /** How long open requests and streams may continue after that. */
  shutdownGraceMs: number;
};

const maxMs = 24 * 3_600_000;

/** `tableFile`: from the command line, `--table FILE`. */
export function readProxyConfig(env: Environment, tableFile: string | undefined): ProxyConfig {
  return {
    source:
      tableFile === undefined
        ? { kind: 'operator', operator: readOperatorConfig(env) }
        : { kind: 'file', file: tableFile },
    adminPort: portNumber(env, 'HOLDFAST_ADMIN_PORT', ports.admin),
    shutdownDelayMs: wholeNumber(env, 'HOLDFAST_SHUTDOWN_DELAY_MS', { min: 0, max: maxMs, default: 5000 }),
    // Delay 5 s, grace 45 s, FIN to remaining streams 0.5 s, discovery 2 s and admin 1 s at most: 53.5 s of the pod's 60 s.
    shutdownGraceMs: wholeNumber(env, 'HOLDFAST_SHUTDOWN_GRACE_MS', { min: 0, max: maxMs, default: 45_000 }),
  };
}

const readOperatorConfig = (env: Environment): OperatorConfig => ({
  gateway: {
    namespace: requiredText(env, 'HOLDFAST_GATEWAY_NAMESPACE'),
    name: requiredText(env, 'HOLDFAST_GATEWAY_NAME'),
  },
  host: optionalText(env, 'HOLDFAST_DISCOVERY_HOST') ?? `${discoveryService}.${operatorNamespace}.svc`,
  port: portNumber(env, 'HOLDFAST_DISCOVERY_PORT', ports.discovery),
  serverName: optionalText(env, 'HOLDFAST_SERVER_NAME') ?? `${operatorService}.${operatorNamespace}.svc`,
  ca: requiredText(env, 'HOLDFAST_CA'),
  tokenFile: optionalText(env, 'HOLDFAST_TOKEN_FILE') ?? '/var/run/secrets/holdfast/token',
  tableFile: optionalText(env, 'HOLDFAST_TABLE_FILE'),
});
