/** The sidecar's settings: the webhook writes them into the pod as environment variables. */
import { discoveryService, operatorNamespace, operatorService, ports } from '../src/core/names/names.ts';
import type { DrainLimits } from '../src/core/drain/gate.ts';

export type SidecarConfig = {
  port: number;
  limits: DrainLimits;
  operator: OperatorAddress;
};

export type OperatorAddress = {
  /** A name with one address per replica of the operator, or an address. */
  host: string;
  port: number;
  /** The name in the operator's certificate, whatever the address. */
  serverName: string;
  /** PEM, one certificate or several. */
  ca: string;
  tokenFile: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** `problems` name the variables that are missing or wrong. */
export function parseConfig(env: Environment): { config: SidecarConfig } | { problems: string[] } {
  const problems: string[] = [];
  const whole = (name: string, fallback?: number): number => {
    const text = env[name] ?? fallback?.toString();
    if (text !== undefined && /^[0-9]{1,12}$/.test(text)) return Number(text);
    problems.push(text === undefined ? `${name} is not set: whole milliseconds are needed` : `${name} must be a whole number, not ${JSON.stringify(text)}`);
    return NaN;
  };
  const portNumber = (name: string, fallback: number): number => {
    const value = whole(name, fallback);
    if (value > 65_535) problems.push(`${name} must be a port, not ${value}`);
    return value;
  };
  const ca = env['HOLDFAST_CA'] ?? '';
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) problems.push('HOLDFAST_CA must be the PEM certificate that the operator is known by');
  const config: SidecarConfig = {
    port: portNumber('HOLDFAST_SIDECAR_PORT', ports.sidecar),
    limits: {
      drainTimeoutMs: whole('HOLDFAST_DRAIN_TIMEOUT_MS'),
      quietPeriodMs: whole('HOLDFAST_QUIET_PERIOD_MS'),
      shutdownMarginMs: whole('HOLDFAST_SHUTDOWN_MARGIN_MS'),
    },
    operator: {
      host: env['HOLDFAST_DISCOVERY_HOST'] ?? `${discoveryService}.${operatorNamespace}.svc`,
      port: portNumber('HOLDFAST_DISCOVERY_PORT', ports.discovery),
      serverName: env['HOLDFAST_SERVER_NAME'] ?? `${operatorService}.${operatorNamespace}.svc`,
      ca,
      tokenFile: env['HOLDFAST_TOKEN_FILE'] ?? '/var/run/secrets/holdfast/token',
    },
  };
  return problems.length > 0 ? { problems } : { config };
}
