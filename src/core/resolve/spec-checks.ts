/** The checks of a StickyWorkload that need only its spec. */
import type { Reason } from '../../api/reasons.ts';
import type { RouteMatch, StickyWorkloadSpec } from '../../api/spec.ts';
import { parseCidr } from '../../platform/cidr.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { defaultGateway, isObjectName, proxyName } from '../names/names.ts';
import { readAppProtocol } from '../route/app-protocol.ts';
import { describeRegexDefect, findRegexDefectsIn } from '../routing/regex.ts';

export type Refusal = { kind: 'refused'; reason: Reason; message: string };

export const refuse = (reason: Reason, message: string): Refusal => ({ kind: 'refused', reason, message });

const verdicts = new WeakMap<StickyWorkloadSpec, { refusal?: Refusal }>();

/**
 * Returns the first failing check: its message names the field and what to do. A spec is never modified, and belongs to one StickyWorkload: it is
 * checked once, as a regular expression takes 50 to 100 µs to compile.
 */
export function refuseSpec(workload: StickyWorkload): Refusal | undefined {
  const known = verdicts.get(workload.spec);
  if (known !== undefined) return known.refusal;
  const refusal = checkSpec(workload);
  verdicts.set(workload.spec, { ...(refusal && { refusal }) });
  return refusal;
}

const checkSpec = (workload: StickyWorkload): Refusal | undefined =>
  invalidTargetName(workload) ??
  unsupportedField(workload) ??
  invalidCookie(workload) ??
  nameReserved(workload) ??
  invalidRegex(workload) ??
  invalidCidr(workload);

/** The schema refuses such a name, but the StickyWorkload may be older than its schema. Its pods are not injected. */
function invalidTargetName({ spec: { targetRef } }: StickyWorkload): Refusal | undefined {
  if (isObjectName(targetRef.name)) return undefined;
  return refuse(
    'InvalidTargetName',
    `spec.targetRef.name: ${JSON.stringify(targetRef.name.slice(0, 80))} cannot be the name of a ${targetRef.kind}: ` +
      'delete this StickyWorkload, and create one whose target name has only lower-case letters, digits, "-" and ".".',
  );
}

function unsupportedField({ spec }: StickyWorkload): Refusal | undefined {
  const sentences = findUnsupported(spec);
  return sentences.length === 0 ? undefined : refuse('UnsupportedField', sentences.join(' '));
}

function invalidCookie({ spec }: StickyWorkload): Refusal | undefined {
  const message = findUnusableCookie(spec.sessionPersistence);
  return message === undefined ? undefined : refuse('InvalidCookie', message);
}

// Both Services would have the same name, and each would overwrite the other indefinitely.
function nameReserved({ metadata }: StickyWorkload): Refusal | undefined {
  if (metadata.name !== proxyName(defaultGateway)) return undefined;
  return refuse(
    'NameReserved',
    `metadata.name ${metadata.name} is reserved for the Service of the proxy: create the StickyWorkload under another name.`,
  );
}

// In the proxy such a match would match no request: reject it here, where the user sees why. Gateway API leaves the dialect to the
// implementation, so no schema has checked it.
function invalidRegex({ spec: { route, sessionPersistence } }: StickyWorkload): Refusal | undefined {
  const [invalid] = [
    ...findRegexDefectsIn(route.matches, 'spec.route.matches'),
    ...findRegexDefectsIn(sessionPersistence.newSessionOn ?? [], 'spec.sessionPersistence.newSessionOn'),
    ...findRegexDefectsIn(sessionPersistence.exclude ?? [], 'spec.sessionPersistence.exclude'),
  ];
  return invalid === undefined ? undefined : refuse('InvalidRegex', describeRegexDefect(invalid));
}

function invalidCidr({ spec }: StickyWorkload): Refusal | undefined {
  const [invalid] = findInvalidCidrs(spec);
  if (invalid === undefined) return undefined;
  return refuse(
    'InvalidCIDR',
    `${invalid.path}: "${invalid.value}" is not a valid CIDR: use an address and a prefix length, such as 10.0.0.0/8 or fd00::/8.`,
  );
}

type Field = {
  path: string;
  /** The value in the spec; for an object only whether it is set. */
  value: (spec: StickyWorkloadSpec) => string | number | boolean | undefined;
  /** Supported values; an absent field is always supported. */
  supported?: readonly (string | number | boolean)[];
  remedy: string;
};

const isSet = (value: object | undefined): true | undefined => (value === undefined ? undefined : true);

/** The reference lists them. */
export const unsupportedFields: readonly Field[] = [
  { path: 'spec.replicas', value: (spec) => spec.replicas, remedy: 'remove it and scale the target directly' },
  ...(['parentRefs', 'hostnames', 'backends'] as const).map((field) => ({
    path: `spec.route.${field}`,
    value: ({ route }: StickyWorkloadSpec) => isSet(route.kind === 'None' && route[field]?.length ? {} : undefined),
    remedy: 'with route kind None, set it in the route that you create',
  })),
  {
    path: 'spec.route.matches',
    value: ({ route }) => isSet(route.kind === 'None' && hasMatches(route) ? {} : undefined),
    remedy: 'with route kind None, set it in the route that you create',
  },
  {
    path: 'spec.route.matches',
    value: ({ route }) => isSet(route.kind === 'GRPCRoute' && !haveOnlyHeaders(route) ? {} : undefined),
    remedy:
      'with route kind GRPCRoute, match headers only, or use None and a GRPCRoute of your own for services and methods',
  },
  {
    path: 'spec.service.appProtocol',
    value: ({ route, service: { appProtocol } }) =>
      route.kind === 'GRPCRoute' && readAppProtocol(appProtocol).speaks !== 'HTTP2' ? appProtocol : undefined,
    remedy: 'with route kind GRPCRoute, use grpc or kubernetes.io/h2c, because gRPC needs HTTP/2',
  },
  {
    path: 'spec.loadBalancing.policy',
    value: (spec) => spec.loadBalancing.policy,
    supported: ['LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'],
    remedy: 'use LeastSessions, LeastRequests, RoundRobin or Random, which keep sessions by token',
  },
  {
    path: 'spec.loadBalancing.consistentHash',
    value: (spec) => isSet(spec.loadBalancing.consistentHash),
    remedy: 'remove it',
  },
  {
    path: 'spec.scaleDown.strategy',
    value: (spec) => spec.scaleDown.strategy,
    supported: ['TerminateAndHold'],
    remedy: 'use TerminateAndHold, where pods terminate immediately and are held for their sessions',
  },
  {
    path: 'spec.scaleDown.maxDraining',
    value: (spec) => spec.scaleDown.maxDraining,
    supported: ['50%'],
    remedy: 'remove it: it applies to strategy DrainFirst only',
  },
  { path: 'spec.dataplane.type', value: (spec) => spec.dataplane.type, supported: ['Bundled'], remedy: 'use Bundled' },
];

/** The default of the schema is one match, for every request. */
function hasMatches({ matches: [first, ...others] }: StickyWorkloadSpec['route']): boolean {
  if (first === undefined) return false;
  const { path, ...conditions } = first;
  return others.length > 0 || Object.keys(conditions).length > 0 || !isEveryPath(path);
}

/** Whether a GRPCRoute has fields for the matches. */
const haveOnlyHeaders = ({ matches }: StickyWorkloadSpec['route']): boolean =>
  matches.every(
    ({ path, headers: _headers, ...conditions }) => Object.keys(conditions).length === 0 && isEveryPath(path),
  );

const isEveryPath = ({ type, value }: RouteMatch['path']): boolean => type === 'PathPrefix' && value === '/';

/** Returns one sentence for each unsupported field: which field, and what to do. Empty if the spec is supported. */
function findUnsupported(spec: StickyWorkloadSpec): string[] {
  return unsupportedFields.flatMap(({ path, value, supported = [], remedy }) => {
    const found = value(spec);
    if (found === undefined || supported.includes(found)) return [];
    const what = found === true ? path : `${path} ${found}`;
    return [`${what} is not supported by this version: ${remedy}.`];
  });
}

/**
 * Returns what is wrong and what to do; undefined if the cookie is usable. Browsers silently discard the others, and each request
 * would start a new session: they keep a cross-site cookie (SameSite None) and a
 * partitioned cookie only if it is Secure. With Auto, that depends on each client and on the trusted proxies in front.
 */
function findUnusableCookie({ cookie }: StickyWorkloadSpec['sessionPersistence']): string | undefined {
  if (cookie === undefined || cookie.secure !== 'Auto') return undefined;
  const setting = cookie.sameSite === 'None' ? 'sameSite None' : cookie.partitioned ? 'partitioned true' : undefined;
  if (setting === undefined) return undefined;
  return (
    `spec.sessionPersistence.cookie.secure Auto with ${setting}: browsers accept such a cookie only if it is Secure, which Auto does not ensure. ` +
    'Set secure to Always and terminate TLS in front of the proxy; without TLS browsers discard the cookie.'
  );
}

/** Returns the entries of `spec.drain.connections.excludeCIDRs` that are not CIDRs, with their paths: the schema's pattern accepts some. */
export function findInvalidCidrs(spec: Pick<StickyWorkloadSpec, 'drain'>): { path: string; value: string }[] {
  const excluded = spec.drain.connections?.excludeCIDRs ?? [];
  return excluded.flatMap((value, index) =>
    parseCidr(value) ? [] : [{ path: `spec.drain.connections.excludeCIDRs[${index}]`, value }],
  );
}
