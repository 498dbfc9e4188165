/** What is wrong with a StickyWorkload, a rule a row: the answer names the field. */
import type { Fields } from '../../body.ts';
import { expectRefused, type Case } from '../../case.ts';
import { submit } from './world.ts';

type Row = { why: string; spec: Fields; field: string; message: RegExp };

const target: Row[] = [
  {
    why: 'no target',
    spec: { targetRef: undefined },
    field: 'spec.targetRef',
    message: /spec\.targetRef: Required value/,
  },
  {
    why: 'a kind without pods of its own',
    spec: { targetRef: { kind: 'CronJob', name: 'cart' } },
    field: 'spec.targetRef.kind',
    message: /"Deployment", "StatefulSet"/,
  },
  {
    why: 'an API version that does not exist',
    spec: { targetRef: { apiVersion: 'apps/v1beta1', kind: 'Deployment', name: 'cart' } },
    field: 'spec.targetRef.apiVersion',
    message: /"apps\/v1"/,
  },
  { why: 'no name', spec: { targetRef: { kind: 'Deployment' } }, field: 'spec.targetRef.name', message: /Required/ },
  {
    why: 'an empty name',
    spec: { targetRef: { kind: 'Deployment', name: '' } },
    field: 'spec.targetRef.name',
    message: /at least 1 char/,
  },
  {
    why: 'fewer than no replicas',
    spec: { replicas: -1 },
    field: 'spec.replicas',
    message: /greater than or equal to 0/,
  },
];

const service: Row[] = [
  { why: 'port 0', spec: { service: { port: 0 } }, field: 'spec.service.port', message: /greater than or equal to 1/ },
  {
    why: 'a port beyond the last',
    spec: { service: { port: 65_536 } },
    field: 'spec.service.port',
    message: /less than or equal to 65535/,
  },
  {
    why: 'a target port beyond the last',
    spec: { service: { targetPort: 65_536 } },
    field: 'spec.service.targetPort',
    message: /port number from 1 to 65535, or the name of a container port/,
  },
  {
    why: 'a target port name in capitals',
    spec: { service: { targetPort: 'HTTP' } },
    field: 'spec.service.targetPort',
    message: /name of a container port/,
  },
  {
    why: 'a target port name of digits only, a number in quotes',
    spec: { service: { targetPort: '8080' } },
    field: 'spec.service.targetPort',
    message: /name of a container port/,
  },
  {
    why: 'a protocol that no proxy speaks',
    spec: { service: { appProtocol: 'smtp' } },
    field: 'spec.service.appProtocol',
    message: /"kubernetes\.io\/h2c"/,
  },
];

const route: Row[] = [
  {
    why: 'a kind of route that does not exist',
    spec: { route: { kind: 'TCPRoute' } },
    field: 'spec.route.kind',
    message: /"HTTPRoute", "GRPCRoute", "None"/,
  },
  {
    why: 'a path that is not absolute',
    spec: { route: { matches: [{ path: { type: 'Exact', value: 'cart' } }] } },
    field: 'spec.route.matches[0].path',
    message: /must be an absolute path/,
  },
  {
    why: 'a prefix that is not absolute, the type by default',
    spec: { route: { matches: [{ path: { value: 'cart' } }] } },
    field: 'spec.route.matches[0].path',
    message: /must be an absolute path/,
  },
  {
    why: 'a method in lower case',
    spec: { route: { matches: [{ method: 'get' }] } },
    field: 'spec.route.matches[0].method',
    message: /"GET"/,
  },
  {
    why: 'a header name with a space',
    spec: { route: { matches: [{ headers: [{ name: 'a b', value: 'c' }] }] } },
    field: 'spec.route.matches[0].headers[0].name',
    message: /should match/,
  },
  {
    why: 'the same header twice',
    spec: {
      route: {
        matches: [
          {
            headers: [
              { name: 'a', value: '1' },
              { name: 'a', value: '2' },
            ],
          },
        ],
      },
    },
    field: 'spec.route.matches[0].headers[1]',
    message: /Duplicate/,
  },
  { why: 'no match at all', spec: { route: { matches: [] } }, field: 'spec.route.matches', message: /at least 1 item/ },
  {
    why: 'a host name with a port',
    spec: { route: { hostnames: ['example.com:80'] } },
    field: 'spec.route.hostnames[0]',
    message: /should match/,
  },
  {
    why: 'a host name in capitals',
    spec: { route: { hostnames: ['Example.com'] } },
    field: 'spec.route.hostnames[0]',
    message: /should match/,
  },
  {
    why: 'a wildcard in the middle of a host name',
    spec: { route: { hostnames: ['a.*.com'] } },
    field: 'spec.route.hostnames[0]',
    message: /should match/,
  },
  {
    why: 'a Gateway without a name',
    spec: { route: { parentRefs: [{ namespace: 'infra' }] } },
    field: 'spec.route.parentRefs[0].name',
    message: /Required/,
  },
  {
    why: 'a Gateway in a namespace that cannot be',
    spec: { route: { parentRefs: [{ name: 'web', namespace: 'in_fra' }] } },
    field: 'spec.route.parentRefs[0].namespace',
    message: /should match/,
  },
  {
    why: 'a weight below nothing',
    spec: { route: { backends: [{ name: 'cart', weight: -1 }] } },
    field: 'spec.route.backends[0].weight',
    message: /greater than or equal to 0/,
  },
  {
    why: 'a backend that cannot be the name of a StickyWorkload',
    spec: { route: { backends: [{ name: 'Cart' }] } },
    field: 'spec.route.backends[0].name',
    message: /should match/,
  },
];

const persistence = (spec: Fields): Fields => ({ sessionPersistence: spec });

const sessions: Row[] = [
  {
    why: 'a type that does not exist',
    spec: persistence({ type: 'Url' }),
    field: 'spec.sessionPersistence.type',
    message: /"Cookie", "Header"/,
  },
  {
    why: 'type Header without a header',
    spec: persistence({ type: 'Header' }),
    field: 'spec.sessionPersistence.header',
    message: /requires header\.name/,
  },
  {
    why: 'type Header with a cookie',
    spec: persistence({ type: 'Header', header: { name: 'a' }, cookie: {} }),
    field: 'spec.sessionPersistence.cookie',
    message: /cookie requires type Cookie/,
  },
  {
    why: 'type Cookie with a header',
    spec: persistence({ header: { name: 'a' } }),
    field: 'spec.sessionPersistence.header',
    message: /header requires type Header/,
  },
  {
    why: 'a header name with a colon',
    spec: persistence({ type: 'Header', header: { name: 'a:' } }),
    field: 'spec.sessionPersistence.header.name',
    message: /should match/,
  },
  {
    why: 'a header that frames the message',
    spec: persistence({ type: 'Header', header: { name: 'Content-Length' } }),
    field: 'spec.sessionPersistence.header.name',
    message: /header reserved by HTTP/,
  },
  {
    why: 'a __Host- cookie that browsers would drop',
    spec: persistence({ cookie: { name: '__Host-cart' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /only if it is Secure, with path \/ and no domain/,
  },
  {
    why: 'a __Secure- cookie that browsers would drop',
    spec: persistence({ cookie: { name: '__Secure-cart' } }),
    field: 'spec.sessionPersistence.cookie.secure',
    message: /set secure to Always/,
  },
  {
    why: 'a cookie name with an equals sign',
    spec: persistence({ cookie: { name: 'a=b' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    why: 'a cookie name with a semicolon',
    spec: persistence({ cookie: { name: 'a;b' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    why: 'a cookie name with a space',
    spec: persistence({ cookie: { name: 'a b' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    why: 'a cookie name beyond ASCII',
    spec: persistence({ cookie: { name: 'kö' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    why: 'an empty cookie name',
    spec: persistence({ cookie: { name: '' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /at least 1 char/,
  },
  {
    why: 'a cookie path that would add an attribute',
    spec: persistence({ cookie: { path: '/; Domain=evil.example' } }),
    field: 'spec.sessionPersistence.cookie.path',
    message: /should match/,
  },
  {
    why: 'a cookie path that would add a header',
    spec: persistence({ cookie: { path: '/\r\nX: y' } }),
    field: 'spec.sessionPersistence.cookie.path',
    message: /should match/,
  },
  {
    why: 'a cookie domain with a semicolon',
    spec: persistence({ cookie: { domain: 'a.com;' } }),
    field: 'spec.sessionPersistence.cookie.domain',
    message: /should match/,
  },
  {
    why: 'SameSite None without Secure',
    spec: persistence({ cookie: { sameSite: 'None', secure: 'Never' } }),
    field: 'spec.sessionPersistence.cookie',
    message: /sameSite None requires a Secure cookie/,
  },
  {
    why: 'a partitioned cookie without Secure',
    spec: persistence({ cookie: { partitioned: true, secure: 'Never' } }),
    field: 'spec.sessionPersistence.cookie',
    message: /partitioned cookie must be Secure/,
  },
  {
    why: 'a permanent cookie without a lifetime',
    spec: persistence({ cookie: { lifetimeType: 'Permanent' } }),
    field: 'spec.sessionPersistence.absoluteTimeout',
    message: /Permanent requires absoluteTimeout/,
  },
  {
    why: 'a duration without a unit',
    spec: persistence({ idleTimeout: '30' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /should match/,
  },
  {
    why: 'a duration with a fraction',
    spec: persistence({ idleTimeout: '1.5h' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /should match/,
  },
  {
    why: 'a duration in days, which Go does not know',
    spec: persistence({ idleTimeout: '1d' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /should match/,
  },
  {
    why: 'a duration below nothing',
    spec: persistence({ idleTimeout: '-5m' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /should match/,
  },
  {
    why: 'a duration of five parts',
    spec: persistence({ idleTimeout: '1h1m1s1ms1ms' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /should match/,
  },
  {
    why: 'sessions that idle less than a second',
    spec: persistence({ idleTimeout: '999ms' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /at least 1s/,
  },
  {
    why: 'a session that is over before it is idle',
    spec: persistence({ idleTimeout: '1h', absoluteTimeout: '30m' }),
    field: 'spec.sessionPersistence.absoluteTimeout',
    message: /must not be shorter than idleTimeout/,
  },
  {
    why: 'a lost endpoint that is ignored',
    spec: persistence({ onEndpointLost: 'Ignore' }),
    field: 'spec.sessionPersistence.onEndpointLost',
    message: /"Reassign", "Reject"/,
  },
  {
    why: 'a login that is not an absolute path',
    spec: persistence({ newSessionOn: [{ path: { value: 'login' } }] }),
    field: 'spec.sessionPersistence.newSessionOn[0].path',
    message: /must be an absolute path/,
  },
];

const hash = (consistentHash: Fields): Fields => ({ loadBalancing: { policy: 'ConsistentHash', consistentHash } });

const loadBalancing: Row[] = [
  {
    why: 'a policy that does not exist',
    spec: { loadBalancing: { policy: 'Fastest' } },
    field: 'spec.loadBalancing.policy',
    message: /"LeastSessions"/,
  },
  {
    why: 'a pod without room',
    spec: { loadBalancing: { maxSessionsPerEndpoint: 0 } },
    field: 'spec.loadBalancing.maxSessionsPerEndpoint',
    message: /greater than or equal to 1/,
  },
  {
    why: 'a hash without its policy',
    spec: { loadBalancing: { consistentHash: { useSourceIp: true } } },
    field: 'spec.loadBalancing.consistentHash',
    message: /if and only if policy is ConsistentHash/,
  },
  {
    why: 'the policy without a hash',
    spec: { loadBalancing: { policy: 'ConsistentHash' } },
    field: 'spec.loadBalancing.consistentHash',
    message: /if and only if policy is ConsistentHash/,
  },
  { why: 'a hash of nothing', spec: hash({}), field: 'spec.loadBalancing.consistentHash', message: /exactly one of/ },
  {
    why: 'a hash of nothing, said twice',
    spec: hash({ useSourceIp: false }),
    field: 'spec.loadBalancing.consistentHash',
    message: /exactly one of/,
  },
  {
    why: 'a hash of two things',
    spec: hash({ httpHeaderName: 'x-user', useSourceIp: true }),
    field: 'spec.loadBalancing.consistentHash',
    message: /exactly one of/,
  },
  {
    why: 'a table size for RingHash',
    spec: hash({ useSourceIp: true, algorithm: { type: 'RingHash', tableSize: 7 } }),
    field: 'spec.loadBalancing.consistentHash.algorithm.tableSize',
    message: /tableSize requires type Maglev/,
  },
  {
    why: 'a ring size for Maglev',
    spec: hash({ useSourceIp: true, algorithm: { minimumRingSize: 64 } }),
    field: 'spec.loadBalancing.consistentHash.algorithm.minimumRingSize',
    message: /minimumRingSize requires type RingHash/,
  },
  {
    why: 'a header name with a space to hash',
    spec: hash({ httpHeaderName: 'x user' }),
    field: 'spec.loadBalancing.consistentHash.httpHeaderName',
    message: /should match/,
  },
  {
    why: 'a cookie path to hash that would add an attribute',
    spec: hash({ httpCookie: { name: 'c', path: '/;' } }),
    field: 'spec.loadBalancing.consistentHash.httpCookie.path',
    message: /should match/,
  },
];

const drain = (spec: Fields): Fields => ({ drain: spec });

const draining: Row[] = [
  {
    why: 'a drain beyond 7 days',
    spec: drain({ timeout: '168h1ms' }),
    field: 'spec.drain.timeout',
    message: /must not exceed 7 days \(168h\)/,
  },
  {
    why: 'a drain beyond what any clock counts',
    spec: drain({ timeout: '99999h99999h99999h99999h' }),
    field: 'spec.drain.timeout',
    message: /must not exceed 7 days/,
  },
  { why: 'no time to drain', spec: drain({ timeout: '0s' }), field: 'spec.drain.timeout', message: /at least 1s/ },
  {
    why: 'a quiet period longer than 10 minutes',
    spec: drain({ quietPeriod: '11m' }),
    field: 'spec.drain.quietPeriod',
    message: /must not exceed 10m/,
  },
  {
    why: 'a shutdown margin longer than an hour',
    spec: drain({ shutdownMargin: '61m' }),
    field: 'spec.drain.shutdownMargin',
    message: /must not exceed 1h/,
  },
  {
    why: 'nobody who counts',
    spec: drain({ sessionSources: [] }),
    field: 'spec.drain.sessionSources',
    message: /at least 1 item/,
  },
  {
    why: 'the same source twice',
    spec: drain({ sessionSources: ['Proxy', 'Proxy'] }),
    field: 'spec.drain.sessionSources[1]',
    message: /Duplicate/,
  },
  {
    why: 'a source that does not exist',
    spec: drain({ sessionSources: ['Logs'] }),
    field: 'spec.drain.sessionSources[0]',
    message: /"Proxy", "Connections", "Application"/,
  },
  {
    why: 'an application that nobody says where to ask',
    spec: drain({ sessionSources: ['Application'] }),
    field: 'spec.drain.application',
    message: /if and only if sessionSources contains Application/,
  },
  {
    why: 'where to ask, and nobody asks',
    spec: drain({ application: { path: '/', port: 80 } }),
    field: 'spec.drain.application',
    message: /if and only if/,
  },
  {
    why: 'connections without their source',
    spec: drain({ connections: { ports: [8080] } }),
    field: 'spec.drain.connections',
    message: /connections requires session source Connections/,
  },
  {
    why: 'an address block without a length',
    spec: drain({ sessionSources: ['Connections'], connections: { excludeCIDRs: ['10.0.0.1'] } }),
    field: 'spec.drain.connections.excludeCIDRs[0]',
    message: /should match/,
  },
  {
    why: 'a threshold below nothing',
    spec: drain({ sessionThreshold: -1 }),
    field: 'spec.drain.sessionThreshold',
    message: /greater than or equal to 0/,
  },
  {
    why: 'an application path that is not absolute',
    spec: drain({ sessionSources: ['Application'], application: { path: 'a', port: 80 } }),
    field: 'spec.drain.application.path',
    message: /should match/,
  },
  {
    why: 'an application port that cannot be',
    spec: drain({ sessionSources: ['Application'], application: { path: '/', port: 0 } }),
    field: 'spec.drain.application.port',
    message: /port number from 1 to 65535/,
  },
];

const maxDraining = (value: unknown): Omit<Row, 'why'> => ({
  spec: { scaleDown: { maxDraining: value } },
  field: 'spec.scaleDown.maxDraining',
  message: /at least 1, or a percentage from 1% to 100%/,
});

const others: Row[] = [
  {
    why: 'a strategy that does not exist',
    spec: { scaleDown: { strategy: 'Kill' } },
    field: 'spec.scaleDown.strategy',
    message: /"DrainFirst", "TerminateAndHold"/,
  },
  { why: 'no pod may ever drain', ...maxDraining(0) },
  { why: 'fewer than no pods may drain', ...maxDraining(-1) },
  { why: 'none of a hundred may drain', ...maxDraining('0%') },
  { why: 'more than all may drain', ...maxDraining('101%') },
  { why: 'a number in quotes', ...maxDraining('3') },
  {
    why: 'a proxy without replicas',
    spec: { dataplane: { replicas: 0 } },
    field: 'spec.dataplane.replicas',
    message: /greater than or equal to 1/,
  },
  {
    why: 'a dataplane that does not exist',
    spec: { dataplane: { type: 'Envoy' } },
    field: 'spec.dataplane.type',
    message: /"Bundled", "Gateway"/,
  },
];

const names = [
  { why: 'longer than the names made from it can be', name: 'a'.repeat(49) },
  { why: 'with a dot, which a Service cannot have', name: 'cart.v2' },
  { why: 'that starts with a digit, which a Service cannot', name: '2cart' },
];

export const refused: Case[] = [
  ...[...target, ...service, ...route, ...sessions, ...loadBalancing, ...draining, ...others].map(
    ({ why, spec, field, message }): Case => ({
      title: `a StickyWorkload is refused: ${why}`,
      run: (api) => expectRefused(submit(api, spec), { code: 422, reason: 'Invalid', field, message }),
    }),
  ),
  ...names.map(({ why, name }): Case => ({
    title: `a StickyWorkload is refused: a name ${why}`,
    run: (api) =>
      expectRefused(submit(api, {}, name), {
        code: 422,
        reason: 'Invalid',
        field: 'metadata.name',
        message: /at most 48 characters/,
      }),
  })),
  {
    title: 'a StickyWorkload is refused: a field that is misspelt',
    run: (api) =>
      expectRefused(submit(api, { replica: 1 }), {
        code: 400,
        reason: 'BadRequest',
        message: /unknown field "spec\.replica"/,
      }),
  },
];
