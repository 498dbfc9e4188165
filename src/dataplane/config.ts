/** The configuration of a proxy, read from its environment. */
import { availableParallelism } from 'node:os';
import { discoveryService, operatorNamespace, operatorService, ports } from '../core/names/names.ts';
import { oneOf, optionalText, portNumber, requiredText, wholeNumber, type Environment } from '../platform/config.ts';
import { socketKinds, type SocketKind } from './net/sockets.ts';

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
  /** The time that open requests and streams have after that, at most: drainTimeout of the settings may be shorter, never longer. */
  shutdownGraceMs: number;
  /** Default: `Handles`. */
  sockets?: SocketKind;
  /** How many processes serve requests. Absent: this one. */
  workers?: number;
};

/** What the command line says, beside the environment. */
export type ProxyOptions = { table?: string | undefined; workers?: string | undefined };

const maxMs = 7 * 24 * 3_600_000;

export function readProxyConfig(env: Environment, { table, workers }: ProxyOptions): ProxyConfig {
  const count = readWorkers(workers === undefined ? env : { HOLDFAST_WORKERS: workers });
  return {
    ...(count > 0 && { workers: count }),
    source:
      table === undefined ? { kind: 'operator', operator: readOperatorConfig(env) } : { kind: 'file', file: table },
    adminPort: portNumber(env, 'HOLDFAST_ADMIN_PORT', ports.admin),
    shutdownDelayMs: wholeNumber(env, 'HOLDFAST_SHUTDOWN_DELAY_MS', { min: 0, max: maxMs, default: 5000 }),
    // A pod's grace period is fixed when it is created: a longer drainTimeout in a later table must not end in SIGKILL before the handover.
    shutdownGraceMs: wholeNumber(env, 'HOLDFAST_SHUTDOWN_GRACE_MS', { min: 0, max: maxMs, default: maxMs }),
    sockets: oneOf(env, 'HOLDFAST_SOCKETS', socketKinds),
  };
}

/** More are not of use: each accepts from every port. */
const maxWorkers = 14;

const readWorkers = (env: Environment): number =>
  env['HOLDFAST_WORKERS'] === 'auto'
    ? Math.min(availableParallelism(), maxWorkers)
    : wholeNumber(env, 'HOLDFAST_WORKERS', { min: 0, max: maxWorkers, default: 0 });

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
