/** The sidecar's settings, which the webhook writes into the pod as environment variables. */
import { parseCidr } from '../src/platform/cidr.ts';
import type { Cidr } from '../src/platform/cidr.ts';
import type { OperatorAddress } from '../src/wire/client/sidecar-client.ts';
import type { DrainPolicy } from '../src/core/drain/state.ts';
import { containerOfVariable, parseAppPreStopHook } from '../src/wire/app-pre-stop-hook.ts';
import type { AppPreStopHook } from '../src/wire/app-pre-stop-hook.ts';
import { discoveryService, operatorNamespace, operatorService, ports } from '../src/core/names/names.ts';
import type { SourceType } from '../src/wire/messages.ts';

export type SidecarConfig = {
  port: number;
  policy: DrainPolicy;
  operator: OperatorAddress;
  /** For a pod that cannot resolve the name of the operator. */
  operatorAddresses: readonly string[];
  /** The address at which the kubelet and the sidecar reach the app. */
  podIp: string;
  /** Shows which startup probe is one of the kubelet; absent in pods that an earlier version injected. */
  probeKey?: string;
  connections: ConnectionSettings;
  /** Absent if the app is no session source, or its port is unknown. */
  application?: { port: number; path: string };
  /** The apps' own preStop hooks, by container. */
  hooks: ReadonlyMap<string, AppPreStopHook>;
  /** The grace period of a container that the kubelet only restarts. */
  restartGraceMs: number;
};

/** The connections that count: those to `ports`, except from `excluded`. `hostIps`: the node, from which the kubelet probes. */
export type ConnectionSettings = { ports: readonly number[]; excluded: readonly Cidr[]; hostIps: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

/** Collects problems; the value that is returned for an invalid variable is never used. */
type Reader = { env: Environment; problems: string[] };

/** `problems`: the sidecar cannot work. `warnings`: it works without the setting. Both name the variable. */
export function parseConfig(env: Environment): { config: SidecarConfig; warnings: string[] } | { problems: string[] } {
  const reader: Reader = { env, problems: [] };
  const warnings: string[] = [];
  const application = readApplication({ env, problems: warnings });
  const config: SidecarConfig = {
    port: readPort(reader, 'HOLDFAST_SIDECAR_PORT', ports.sidecar),
    policy: readPolicy(reader),
    operator: readOperator(reader),
    operatorAddresses: readList(env, 'HOLDFAST_DISCOVERY_ADDRESSES'),
    podIp: env['HOLDFAST_POD_IP'] || '127.0.0.1',
    ...(env['HOLDFAST_PROBE_KEY'] && { probeKey: env['HOLDFAST_PROBE_KEY'] }),
    connections: readConnections({ env, problems: warnings }),
    ...(application && { application }),
    hooks: readHooks({ env, problems: warnings }),
    restartGraceMs: readWhole(reader, 'HOLDFAST_RESTART_GRACE_MS', 30_000),
  };
  return reader.problems.length > 0 ? { problems: reader.problems } : { config, warnings };
}

function readWhole({ env, problems }: Reader, name: string, fallback?: number): number {
  const text = env[name] ?? fallback?.toString();
  if (text !== undefined && /^[0-9]{1,12}$/.test(text)) return Number(text);
  problems.push(
    text === undefined
      ? `${name} is not set: a whole number is needed`
      : `${name} must be a whole number, not ${JSON.stringify(text)}`,
  );
  return NaN;
}

function readPort(reader: Reader, name: string, fallback?: number): number {
  const value = readWhole(reader, name, fallback);
  if (value > 65_535) reader.problems.push(`${name} must be a port, not ${value}`);
  return value;
}

function readPolicy(reader: Reader): DrainPolicy {
  return {
    drainTimeoutMs: readWhole(reader, 'HOLDFAST_DRAIN_TIMEOUT_MS'),
    quietPeriodMs: readWhole(reader, 'HOLDFAST_QUIET_PERIOD_MS'),
    shutdownMarginMs: readWhole(reader, 'HOLDFAST_SHUTDOWN_MARGIN_MS'),
    sources: readList(reader.env, 'HOLDFAST_SESSION_SOURCES', 'Proxy').filter((name) =>
      isSource(name, reader.problems),
    ),
    sessionThreshold: readWhole(reader, 'HOLDFAST_SESSION_THRESHOLD', 0),
  };
}

function isSource(name: string, problems: string[]): name is SourceType {
  if (name === 'Proxy' || name === 'Connections' || name === 'Application') return true;
  problems.push(`HOLDFAST_SESSION_SOURCES must name Proxy, Connections or Application, not ${JSON.stringify(name)}`);
  return false;
}

function readOperator(reader: Reader): OperatorAddress {
  const { env, problems } = reader;
  const ca = env['HOLDFAST_CA'] ?? '';
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) {
    problems.push('HOLDFAST_CA must be the PEM certificate of the authority of the operator');
  }
  return {
    host: env['HOLDFAST_DISCOVERY_HOST'] ?? `${discoveryService}.${operatorNamespace}.svc`,
    port: readPort(reader, 'HOLDFAST_DISCOVERY_PORT', ports.discovery),
    serverName: env['HOLDFAST_SERVER_NAME'] ?? `${operatorService}.${operatorNamespace}.svc`,
    ca,
    tokenFile: env['HOLDFAST_TOKEN_FILE'] ?? '/var/run/secrets/holdfast/token',
  };
}

/** An invalid CIDR is left out: its connections then count, and a drain lasts longer. */
function readConnections({ env, problems }: Reader): ConnectionSettings {
  const excluded = readList(env, 'HOLDFAST_EXCLUDE_CIDRS').flatMap((text) => {
    const cidr = parseCidr(text);
    if (!cidr) {
      problems.push(
        `HOLDFAST_EXCLUDE_CIDRS: ${JSON.stringify(text)} is not a valid CIDR (such as 10.1.0.0/16): it is ignored, and its connections count as sessions`,
      );
    }
    return cidr ?? [];
  });
  const numbers = readList(env, 'HOLDFAST_CONNECTION_PORTS').map(Number);
  return {
    ports: numbers.filter((port) => port >= 1 && port <= 65_535),
    excluded,
    hostIps: readList(env, 'HOLDFAST_HOST_IPS'),
  };
}

function readApplication({ env, problems }: Reader): SidecarConfig['application'] {
  const { HOLDFAST_APPLICATION_PORT: port, HOLDFAST_APPLICATION_PATH: path } = env;
  if (port === undefined || path === undefined) return undefined;
  if (/^[0-9]{1,5}$/.test(port)) return { port: Number(port), path };
  problems.push(
    `HOLDFAST_APPLICATION_PORT: no container declares a port ${JSON.stringify(port)}: the sessions of the app stay unknown`,
  );
  return undefined;
}

/** An empty variable belongs to a container without a hook of its own. */
function readHooks({ env, problems }: Reader): ReadonlyMap<string, AppPreStopHook> {
  const hooks = new Map<string, AppPreStopHook>();
  for (const [variable, text] of Object.entries(env)) {
    const container = containerOfVariable(variable);
    if (container === undefined || !text) continue;
    const hook = parseAppPreStopHook(text);
    if ('value' in hook) hooks.set(container, hook.value);
    else problems.push(`${variable}: ${hook.problem}: the preStop hook of container ${container} will not be called`);
  }
  return hooks;
}

const readList = (env: Environment, name: string, fallback = ''): string[] =>
  (env[name] ?? fallback).split(',').filter((item) => item !== '');
