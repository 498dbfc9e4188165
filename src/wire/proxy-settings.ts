/**
 * The settings of the proxies of one Gateway, as the table carries them: a change reaches running proxies without a rollout.
 * The user sets them in a HoldfastProxy.
 */
import { parseCidr } from '../platform/cidr.ts';
import { isRecord } from '../platform/record.ts';
import { list, must, object, oneOf, optional, time, whole, type Check } from './check.ts';

export type ProxySettings = {
  /** CIDRs of the load balancers in front, whose forwarded headers are true. */
  trustedProxies: string[];
  /** `Required`: a connection without a PROXY protocol header is refused. */
  proxyProtocol: 'Off' | 'Required';
  requestIds: RequestIdAction;
  limits: ProxyLimits;
  timeouts: ProxyTimeouts;
  /** How long a proxy that stops waits for its open streams. */
  drainTimeoutMs: number;
  /** Absent: no access log. */
  accessLog?: AccessLogSettings;
};

/** What becomes of the X-Request-ID of a request, as in Envoy Gateway. */
export type RequestIdAction = 'PreserveOrGenerate' | 'Preserve' | 'Generate' | 'Disable';

/** So many of so many requests are logged. */
export type AccessLogSettings = { numerator: number; denominator: number };

export type ProxyLimits = {
  /** Open client connections of one replica. */
  connections: number;
  /** Open client connections of one replica from one IPv4 address, or one /64 of IPv6. */
  connectionsPerAddress: number;
  /** Requests of one replica that an endpoint has not answered yet. */
  requestsPerEndpoint: number;
};

export type ProxyTimeouts = {
  /** From the first byte of a request to the end of its head. */
  requestHeadMs: number;
  /** Without progress of the request body. */
  requestBodyMs: number;
  /** From the end of the request to the head of the response. */
  responseHeadMs: number;
  /** Keep-alive of a client connection without a request. */
  clientIdleMs: number;
  /** Connecting to an endpoint, before it is retried. */
  connectMs: number;
};

const minuteMs = 60_000;

export const defaultProxySettings: ProxySettings = {
  requestIds: 'Preserve',
  trustedProxies: ['127.0.0.0/8', '::1/128'],
  proxyProtocol: 'Off',
  limits: {
    // A connection and its upstream are two files: 40,000 are below the 65,536 that container runtimes commonly allow.
    connections: 20_000,
    // Half of all: one address never takes every connection, while a load balancer that hides the clients' addresses keeps enough.
    connectionsPerAddress: 10_000,
    // The default of Envoy's circuit breaker (max_requests).
    requestsPerEndpoint: 1024,
  },
  timeouts: {
    requestHeadMs: 15_000,
    requestBodyMs: minuteMs,
    // Longer than long polling of any common library, and than the exports that people wait for.
    responseHeadMs: 10 * minuteMs,
    // Longer than the 60 s for which load balancers commonly keep a connection: the side that reuses a connection must close it first.
    clientIdleMs: 75_000,
    // Linux repeats a lost SYN after 1 s: one loss is covered.
    connectMs: 1300,
  },
  // The default of spec.drain.timeout: a proxy waits for a stream as long as a pod does.
  drainTimeoutMs: 60 * minuteMs,
};

const cidr: Check<string> = (value) => (typeof value === 'string' && parseCidr(value) ? undefined : must('a CIDR'));
const limit = whole(1, 1_000_000);

export const proxySettings = object<ProxySettings>({
  requestIds: oneOf('PreserveOrGenerate', 'Preserve', 'Generate', 'Disable'),
  trustedProxies: list(cidr),
  proxyProtocol: oneOf('Off', 'Required'),
  limits: object<ProxyLimits>({ connections: limit, connectionsPerAddress: limit, requestsPerEndpoint: limit }),
  timeouts: object<ProxyTimeouts>({
    requestHeadMs: time,
    requestBodyMs: time,
    responseHeadMs: time,
    clientIdleMs: time,
    connectMs: time,
  }),
  drainTimeoutMs: time,
  accessLog: optional(object<AccessLogSettings>({ numerator: whole(0, 1_000_000), denominator: limit })),
});

/** Returns a table whose settings, if it has any, are whole: an operator of an earlier version does not know all of them. */
export function completeSettings(table: unknown): unknown {
  if (!isRecord(table) || table['proxy'] === undefined) return table;
  return { ...table, proxy: settingsWithDefaults(table['proxy']) };
}

export const settingsWithDefaults = (settings: unknown): unknown => withDefaults(defaultProxySettings, settings);

function withDefaults(defaults: unknown, given: unknown): unknown {
  // A copy: parts of a parsed table are replaced in place.
  if (given === undefined) return structuredClone(defaults);
  if (!isRecord(defaults) || !isRecord(given)) return given;
  const entries = Object.entries(defaults).map(([name, value]) => [name, withDefaults(value, given[name])] as const);
  return { ...given, ...Object.fromEntries(entries) };
}
