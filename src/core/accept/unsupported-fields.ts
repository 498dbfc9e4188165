/** The fields that this version does not carry out. Ignoring one in silence would be worse than refusing it. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';

type Field = {
  path: string;
  /** What the spec says; for lists and objects only whether there is one. */
  value: (spec: StickyWorkloadSpec) => string | number | boolean | undefined;
  /** Values that are carried out; an absent field always is. */
  supported?: readonly (string | number | boolean)[];
  wayOut: string;
};

const present = (value: object | undefined): true | undefined => (value === undefined || (Array.isArray(value) && value.length === 0) ? undefined : true);

const fields: readonly Field[] = [
  { path: 'spec.replicas', value: (spec) => spec.replicas, wayOut: 'remove it: scale the target itself' },
  {
    path: 'spec.service.appProtocol',
    value: (spec) => spec.service.appProtocol,
    supported: ['http', 'kubernetes.io/ws'],
    wayOut: 'use http or kubernetes.io/ws: the pods must answer HTTP/1.1',
  },
  { path: 'spec.route.kind', value: (spec) => spec.route.kind, supported: ['HTTPRoute'], wayOut: 'use HTTPRoute' },
  { path: 'spec.route.parentRefs', value: (spec) => present(spec.route.parentRefs), wayOut: 'remove it: the Gateway holdfast of this namespace carries the route' },
  { path: 'spec.route.backends', value: (spec) => present(spec.route.backends), wayOut: 'remove it: the route leads to this StickyWorkload alone' },
  { path: 'spec.sessionPersistence.type', value: (spec) => spec.sessionPersistence.type, supported: ['Cookie'], wayOut: 'use Cookie' },
  {
    // Browsers keep cookies of these names only when they came over TLS (RFC 6265bis), which this version does not end.
    path: 'spec.sessionPersistence.cookie.name',
    value: (spec) => /^__(host|secure)-/i.exec(spec.sessionPersistence.cookie?.name ?? '')?.[0],
    wayOut: 'use a name without this prefix: browsers accept it over TLS only',
  },
  {
    path: 'spec.sessionPersistence.cookie.lifetimeType',
    value: (spec) => spec.sessionPersistence.cookie?.lifetimeType,
    supported: ['Session'],
    wayOut: 'use Session',
  },
  { path: 'spec.sessionPersistence.cookie.domain', value: (spec) => spec.sessionPersistence.cookie?.domain, wayOut: 'remove it: the cookie belongs to the host that set it' },
  { path: 'spec.sessionPersistence.cookie.sameSite', value: (spec) => spec.sessionPersistence.cookie?.sameSite, supported: ['Lax'], wayOut: 'use Lax' },
  {
    // Auto is carried out: without TLS no request came over TLS.
    path: 'spec.sessionPersistence.cookie.secure',
    value: (spec) => spec.sessionPersistence.cookie?.secure,
    supported: ['Auto', 'Never'],
    wayOut: 'use Auto: the proxy serves plain HTTP, over which no browser sends a Secure cookie',
  },
  { path: 'spec.sessionPersistence.cookie.partitioned', value: (spec) => spec.sessionPersistence.cookie?.partitioned, supported: [false], wayOut: 'remove it' },
  { path: 'spec.sessionPersistence.onEndpointLost', value: (spec) => spec.sessionPersistence.onEndpointLost, supported: ['Reassign'], wayOut: 'use Reassign' },
  {
    path: 'spec.sessionPersistence.newSessionOn',
    value: (spec) => present(spec.sessionPersistence.newSessionOn),
    wayOut: 'remove it: the app can end a session with the response header "Holdfast-Session: end"',
  },
  { path: 'spec.loadBalancing.policy', value: (spec) => spec.loadBalancing.policy, supported: ['LeastSessions'], wayOut: 'use LeastSessions' },
  { path: 'spec.loadBalancing.maxSessionsPerEndpoint', value: (spec) => spec.loadBalancing.maxSessionsPerEndpoint, wayOut: 'remove it' },
  { path: 'spec.loadBalancing.consistentHash', value: (spec) => present(spec.loadBalancing.consistentHash), wayOut: 'remove it' },
  {
    path: 'spec.drain.sessionSources',
    value: (spec) => spec.drain.sessionSources.find((source) => source !== 'Proxy'),
    wayOut: 'use [Proxy] and remove spec.drain.application',
  },
  {
    path: 'spec.scaleDown.strategy',
    value: (spec) => spec.scaleDown.strategy,
    supported: ['TerminateAndHold'],
    wayOut: 'use TerminateAndHold: pods terminate at once and are held for their sessions',
  },
  { path: 'spec.scaleDown.maxDraining', value: (spec) => spec.scaleDown.maxDraining, supported: ['50%'], wayOut: 'remove it: it belongs to strategy DrainFirst' },
  { path: 'spec.dataplane.type', value: (spec) => spec.dataplane.type, supported: ['Bundled'], wayOut: 'use Bundled' },
];

/** One sentence for each field that is set and not carried out: which, and what to do. Empty: the spec is supported. */
export function findUnsupported(spec: StickyWorkloadSpec): string[] {
  return fields.flatMap(({ path, value, supported = [], wayOut }) => {
    const found = value(spec);
    if (found === undefined || supported.includes(found)) return [];
    const what = found === true ? path : `${path} ${found}`;
    return [`${what} is not supported by this version; ${wayOut}.`];
  });
}
