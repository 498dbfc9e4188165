/** Invalid StickyWorkloads, one rule per row: the response names the field. */
import type { Fields } from '../../body.ts';
import { expectRefused, type Case } from '../../case.ts';
import { submit } from './world.ts';

type Row = { problem: string; spec: Fields; field: string; message: RegExp };

const target: Row[] = [
  {
    problem: 'no target',
    spec: { targetRef: undefined },
    field: 'spec.targetRef',
    message: /spec\.targetRef: Required value/,
  },
  {
    problem: 'an unsupported kind',
    spec: { targetRef: { kind: 'CronJob', name: 'cart' } },
    field: 'spec.targetRef.kind',
    message: /"Deployment", "StatefulSet"/,
  },
  {
    problem: 'an API version that does not exist',
    spec: { targetRef: { apiVersion: 'apps/v1beta1', kind: 'Deployment', name: 'cart' } },
    field: 'spec.targetRef.apiVersion',
    message: /"apps\/v1"/,
  },
  {
    problem: 'no name',
    spec: { targetRef: { kind: 'Deployment' } },
    field: 'spec.targetRef.name',
    message: /Required/,
  },
  {
    problem: 'an empty name',
    spec: { targetRef: { kind: 'Deployment', name: '' } },
    field: 'spec.targetRef.name',
    message: /at least 1 char/,
  },
  {
    problem: 'negative replicas',
    spec: { replicas: -1 },
    field: 'spec.replicas',
    message: /greater than or equal to 0/,
  },
];

const service: Row[] = [
  {
    problem: 'port 0',
    spec: { service: { port: 0 } },
    field: 'spec.service.port',
    message: /greater than or equal to 1/,
  },
  {
    problem: 'a port above 65535',
    spec: { service: { port: 65_536 } },
    field: 'spec.service.port',
    message: /less than or equal to 65535/,
  },
  {
    problem: 'a target port above 65535',
    spec: { service: { targetPort: 65_536 } },
    field: 'spec.service.targetPort',
    message: /port number from 1 to 65535, or the name of a container port/,
  },
  {
    problem: 'a target port name in capitals',
    spec: { service: { targetPort: 'HTTP' } },
    field: 'spec.service.targetPort',
    message: /name of a container port/,
  },
  {
    problem: 'a target port name of digits only, a number in quotes',
    spec: { service: { targetPort: '8080' } },
    field: 'spec.service.targetPort',
    message: /name of a container port/,
  },
  {
    problem: 'an unsupported protocol',
    spec: { service: { appProtocol: 'smtp' } },
    field: 'spec.service.appProtocol',
    message: /"kubernetes\.io\/h2c"/,
  },
];

const route: Row[] = [
  {
    problem: 'an unknown route kind',
    spec: { route: { kind: 'TCPRoute' } },
    field: 'spec.route.kind',
    message: /"HTTPRoute", "GRPCRoute", "None"/,
  },
  {
    problem: 'a path that is not absolute',
    spec: { route: { matches: [{ path: { type: 'Exact', value: 'cart' } }] } },
    field: 'spec.route.matches[0].path',
    message: /must be an absolute path/,
  },
  {
    problem: 'a prefix that is not absolute, the type by default',
    spec: { route: { matches: [{ path: { value: 'cart' } }] } },
    field: 'spec.route.matches[0].path',
    message: /must be an absolute path/,
  },
  {
    problem: 'a method in lower case',
    spec: { route: { matches: [{ method: 'get' }] } },
    field: 'spec.route.matches[0].method',
    message: /"GET"/,
  },
  {
    problem: 'a header name with a space',
    spec: { route: { matches: [{ headers: [{ name: 'a b', value: 'c' }] }] } },
    field: 'spec.route.matches[0].headers[0].name',
    message: /should match/,
  },
  {
    problem: 'the same header twice',
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
  {
    problem: 'no match at all',
    spec: { route: { matches: [] } },
    field: 'spec.route.matches',
    message: /at least 1 item/,
  },
  {
    problem: 'a single asterisk as host name',
    spec: { route: { hostnames: ['*'] } },
    field: 'spec.route.hostnames[0]',
    message: /leave hostnames out to match every host/,
  },
  {
    problem: 'a drain timeout in days, about which only the rule of the field complains',
    spec: { drain: { timeout: '2d' } },
    field: 'spec.drain.timeout',
    message: /write 2 days as 48h, and one and a half hours as 1h30m/,
  },
  {
    problem: 'a host name with a port',
    spec: { route: { hostnames: ['example.com:80'] } },
    field: 'spec.route.hostnames[0]',
    message: /must be a host name in lower case, without a port/,
  },
  {
    problem: 'a host name in capitals',
    spec: { route: { hostnames: ['Example.com'] } },
    field: 'spec.route.hostnames[0]',
    message: /must be a host name in lower case, without a port/,
  },
  {
    problem: 'a wildcard in the middle of a host name',
    spec: { route: { hostnames: ['a.*.com'] } },
    field: 'spec.route.hostnames[0]',
    message: /must be a host name in lower case, without a port/,
  },
  {
    problem: 'a Gateway without a name',
    spec: { route: { parentRefs: [{ namespace: 'infra' }] } },
    field: 'spec.route.parentRefs[0].name',
    message: /Required/,
  },
  {
    problem: 'an invalid Gateway namespace',
    spec: { route: { parentRefs: [{ name: 'web', namespace: 'in_fra' }] } },
    field: 'spec.route.parentRefs[0].namespace',
    message: /should match/,
  },
  {
    problem: 'a negative weight',
    spec: { route: { backends: [{ name: 'cart', weight: -1 }] } },
    field: 'spec.route.backends[0].weight',
    message: /greater than or equal to 0/,
  },
  {
    problem: 'an invalid backend name',
    spec: { route: { backends: [{ name: 'Cart' }] } },
    field: 'spec.route.backends[0].name',
    message: /should match/,
  },
];

const persistence = (spec: Fields): Fields => ({ sessionPersistence: spec });

const sessions: Row[] = [
  {
    problem: 'an unknown type',
    spec: persistence({ type: 'Url' }),
    field: 'spec.sessionPersistence.type',
    message: /"Cookie", "Header"/,
  },
  {
    problem: 'type Header without a header',
    spec: persistence({ type: 'Header' }),
    field: 'spec.sessionPersistence.header',
    message: /requires header\.name/,
  },
  {
    problem: 'type Header with a cookie',
    spec: persistence({ type: 'Header', header: { name: 'a' }, cookie: {} }),
    field: 'spec.sessionPersistence.cookie',
    message: /cookie requires type Cookie/,
  },
  {
    problem: 'type Cookie with a header',
    spec: persistence({ header: { name: 'a' } }),
    field: 'spec.sessionPersistence.header',
    message: /header requires type Header/,
  },
  {
    problem: 'a header name with a colon',
    spec: persistence({ type: 'Header', header: { name: 'a:' } }),
    field: 'spec.sessionPersistence.header.name',
    message: /should match/,
  },
  {
    problem: 'a message-framing header',
    spec: persistence({ type: 'Header', header: { name: 'Content-Length' } }),
    field: 'spec.sessionPersistence.header.name',
    message: /header reserved by HTTP/,
  },
  {
    problem: 'a __Host- cookie that browsers would drop',
    spec: persistence({ cookie: { name: '__Host-cart' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /only if it is Secure, with path \/ and no domain/,
  },
  {
    problem: 'a __Secure- cookie that browsers would drop',
    spec: persistence({ cookie: { name: '__Secure-cart' } }),
    field: 'spec.sessionPersistence.cookie.secure',
    message: /set secure to Always/,
  },
  {
    problem: 'a cookie name with an equals sign',
    spec: persistence({ cookie: { name: 'a=b' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    problem: 'a cookie name with a semicolon',
    spec: persistence({ cookie: { name: 'a;b' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    problem: 'a cookie name with a space',
    spec: persistence({ cookie: { name: 'a b' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    problem: 'a cookie name beyond ASCII',
    spec: persistence({ cookie: { name: 'kö' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /should match/,
  },
  {
    problem: 'an empty cookie name',
    spec: persistence({ cookie: { name: '' } }),
    field: 'spec.sessionPersistence.cookie.name',
    message: /at least 1 char/,
  },
  {
    problem: 'a cookie path that would add an attribute',
    spec: persistence({ cookie: { path: '/; Domain=evil.example' } }),
    field: 'spec.sessionPersistence.cookie.path',
    message: /should match/,
  },
  {
    problem: 'a cookie path that would add a header',
    spec: persistence({ cookie: { path: '/\r\nX: y' } }),
    field: 'spec.sessionPersistence.cookie.path',
    message: /should match/,
  },
  {
    problem: 'a cookie domain with a semicolon',
    spec: persistence({ cookie: { domain: 'a.com;' } }),
    field: 'spec.sessionPersistence.cookie.domain',
    message: /must be a domain in lower case/,
  },
  {
    problem: 'SameSite None without Secure',
    spec: persistence({ cookie: { sameSite: 'None', secure: 'Never' } }),
    field: 'spec.sessionPersistence.cookie',
    message: /sameSite None requires a Secure cookie/,
  },
  {
    problem: 'a partitioned cookie without Secure',
    spec: persistence({ cookie: { partitioned: true, secure: 'Never' } }),
    field: 'spec.sessionPersistence.cookie',
    message: /partitioned cookie must be Secure/,
  },
  {
    problem: 'a permanent cookie without a lifetime',
    spec: persistence({ cookie: { lifetimeType: 'Permanent' } }),
    field: 'spec.sessionPersistence.absoluteTimeout',
    message: /Permanent requires absoluteTimeout/,
  },
  {
    problem: 'type Application without application',
    spec: persistence({ type: 'Application' }),
    field: 'spec.sessionPersistence.application',
    message: /type Application requires application.cookieName or application.headerName/,
  },
  {
    problem: 'application without type Application',
    spec: persistence({ application: { cookieName: 'JSESSIONID' } }),
    field: 'spec.sessionPersistence.application',
    message: /set type to Application/,
  },
  {
    problem: 'neither cookie nor header of the app',
    spec: persistence({ type: 'Application', application: {} }),
    field: 'spec.sessionPersistence.application',
    message: /set either cookieName or headerName/,
  },
  {
    problem: 'both cookie and header of the app',
    spec: persistence({ type: 'Application', application: { cookieName: 'sid', headerName: 'X-Session-Id' } }),
    field: 'spec.sessionPersistence.application',
    message: /set either cookieName or headerName/,
  },
  {
    problem: 'a header of the app that frames messages',
    spec: persistence({ type: 'Application', application: { headerName: 'Content-Length' } }),
    field: 'spec.sessionPersistence.application.headerName',
    message: /reserved by HTTP/,
  },
  {
    problem: 'a cookie name of the app with an equals sign',
    spec: persistence({ type: 'Application', application: { cookieName: 'a=b' } }),
    field: 'spec.sessionPersistence.application.cookieName',
    message: /should match/,
  },
  {
    problem: 'attributes for a cookie of the app',
    spec: persistence({
      type: 'Application',
      application: { cookieName: 'JSESSIONID' },
      cookie: { sameSite: 'Strict' },
    }),
    field: 'spec.sessionPersistence.cookie',
    message: /the app sets its own cookie with its own attributes/,
  },
  {
    problem: 'a header of Holdfast beside the header of the app',
    spec: persistence({
      type: 'Application',
      application: { headerName: 'Mcp-Session-Id' },
      header: { name: 'X-Session' },
    }),
    field: 'spec.sessionPersistence.header',
    message: /set application.headerName and remove header/,
  },
  {
    problem: 'onEndpointLost Reject for sessions that the app owns',
    spec: persistence({
      type: 'Application',
      application: { cookieName: 'JSESSIONID' },
      onEndpointLost: 'Reject',
    }),
    field: 'spec.sessionPersistence.onEndpointLost',
    message: /only the app can remove its own cookie: use Reassign/,
  },
  {
    problem: 'a confirm timeout that is longer than the idle timeout',
    spec: persistence({ idleTimeout: '1m', confirmTimeout: '61s' }),
    field: 'spec.sessionPersistence.confirmTimeout',
    message: /must not be longer than idleTimeout: shorten it, or set both to the same duration/,
  },
  {
    problem: 'a confirm timeout below a second',
    spec: persistence({ confirmTimeout: '500ms' }),
    field: 'spec.sessionPersistence.confirmTimeout',
    message: /at least 1s/,
  },
  {
    problem: 'an exclusion that matches every request',
    spec: persistence({ exclude: [{ path: { value: '/healthz' } }, {}] }),
    field: 'spec.sessionPersistence.exclude',
    message: /matches every request, and no client would get a session/,
  },
  {
    problem: 'a duration without a unit',
    spec: persistence({ idleTimeout: '30' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /must be whole numbers with the units h, m, s or ms/,
  },
  {
    problem: 'a duration with a fraction',
    spec: persistence({ idleTimeout: '1.5h' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /must be whole numbers with the units h, m, s or ms/,
  },
  {
    problem: 'a duration in days',
    spec: persistence({ idleTimeout: '1d' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /must be whole numbers with the units h, m, s or ms/,
  },
  {
    problem: 'a negative duration',
    spec: persistence({ idleTimeout: '-5m' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /must be whole numbers with the units h, m, s or ms/,
  },
  {
    problem: 'a duration of five parts',
    spec: persistence({ idleTimeout: '1h1m1s1ms1ms' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /must be whole numbers with the units h, m, s or ms/,
  },
  {
    problem: 'an idle timeout below a second',
    spec: persistence({ idleTimeout: '999ms' }),
    field: 'spec.sessionPersistence.idleTimeout',
    message: /at least 1s/,
  },
  {
    problem: 'an absolute timeout below the idle timeout',
    spec: persistence({ idleTimeout: '1h', absoluteTimeout: '30m' }),
    field: 'spec.sessionPersistence.absoluteTimeout',
    message: /must not be shorter than idleTimeout/,
  },
  {
    problem: 'an unknown onEndpointLost',
    spec: persistence({ onEndpointLost: 'Ignore' }),
    field: 'spec.sessionPersistence.onEndpointLost',
    message: /"Reassign", "Reject"/,
  },
  {
    problem: 'a login path that is not absolute',
    spec: persistence({ newSessionOn: [{ path: { value: 'login' } }] }),
    field: 'spec.sessionPersistence.newSessionOn[0].path',
    message: /must be an absolute path/,
  },
];

const hash = (consistentHash: Fields): Fields => ({ loadBalancing: { policy: 'ConsistentHash', consistentHash } });

const loadBalancing: Row[] = [
  {
    problem: 'an unknown policy',
    spec: { loadBalancing: { policy: 'Fastest' } },
    field: 'spec.loadBalancing.policy',
    message: /"LeastSessions"/,
  },
  {
    problem: 'a limit of 0 sessions',
    spec: { loadBalancing: { maxSessionsPerEndpoint: 0 } },
    field: 'spec.loadBalancing.maxSessionsPerEndpoint',
    message: /greater than or equal to 1/,
  },
  {
    problem: 'a consistentHash without its policy',
    spec: { loadBalancing: { consistentHash: { useSourceIp: true } } },
    field: 'spec.loadBalancing.consistentHash',
    message: /if and only if policy is ConsistentHash/,
  },
  {
    problem: 'the policy ConsistentHash without a hash',
    spec: { loadBalancing: { policy: 'ConsistentHash' } },
    field: 'spec.loadBalancing.consistentHash',
    message: /if and only if policy is ConsistentHash/,
  },
  {
    problem: 'a hash of nothing',
    spec: hash({}),
    field: 'spec.loadBalancing.consistentHash',
    message: /exactly one of/,
  },
  {
    problem: 'a hash without a source',
    spec: hash({ useSourceIp: false }),
    field: 'spec.loadBalancing.consistentHash',
    message: /exactly one of/,
  },
  {
    problem: 'a hash of two sources',
    spec: hash({ httpHeaderName: 'x-user', useSourceIp: true }),
    field: 'spec.loadBalancing.consistentHash',
    message: /exactly one of/,
  },
  {
    problem: 'a table size for RingHash',
    spec: hash({ useSourceIp: true, algorithm: { type: 'RingHash', tableSize: 7 } }),
    field: 'spec.loadBalancing.consistentHash.algorithm.tableSize',
    message: /tableSize requires type Maglev/,
  },
  {
    problem: 'a ring size for Maglev',
    spec: hash({ useSourceIp: true, algorithm: { minimumRingSize: 64 } }),
    field: 'spec.loadBalancing.consistentHash.algorithm.minimumRingSize',
    message: /minimumRingSize requires type RingHash/,
  },
  {
    problem: 'a header name with a space to hash',
    spec: hash({ httpHeaderName: 'x user' }),
    field: 'spec.loadBalancing.consistentHash.httpHeaderName',
    message: /should match/,
  },
  {
    problem: 'a cookie path to hash that would add an attribute',
    spec: hash({ httpCookie: { name: 'c', path: '/;' } }),
    field: 'spec.loadBalancing.consistentHash.httpCookie.path',
    message: /should match/,
  },
];

const drain = (spec: Fields): Fields => ({ drain: spec });

const draining: Row[] = [
  {
    problem: 'a drain beyond 7 days',
    spec: drain({ timeout: '168h1ms' }),
    field: 'spec.drain.timeout',
    message: /must not exceed 7 days \(168h\)/,
  },
  {
    problem: 'a drain timeout that overflows',
    spec: drain({ timeout: '99999h99999h99999h99999h' }),
    field: 'spec.drain.timeout',
    message: /must not exceed 7 days/,
  },
  { problem: 'no time to drain', spec: drain({ timeout: '0s' }), field: 'spec.drain.timeout', message: /at least 1s/ },
  {
    problem: 'a quiet period longer than 10 minutes',
    spec: drain({ quietPeriod: '11m' }),
    field: 'spec.drain.quietPeriod',
    message: /must not exceed 10m/,
  },
  {
    problem: 'a shutdown margin longer than an hour',
    spec: drain({ shutdownMargin: '61m' }),
    field: 'spec.drain.shutdownMargin',
    message: /must not exceed 1h/,
  },
  {
    problem: 'no session source',
    spec: drain({ sessionSources: [] }),
    field: 'spec.drain.sessionSources',
    message: /at least 1 item/,
  },
  {
    problem: 'the same source twice',
    spec: drain({ sessionSources: ['Proxy', 'Proxy'] }),
    field: 'spec.drain.sessionSources[1]',
    message: /Duplicate/,
  },
  {
    problem: 'an unknown source',
    spec: drain({ sessionSources: ['Logs'] }),
    field: 'spec.drain.sessionSources[0]',
    message: /"Proxy", "Connections", "Application"/,
  },
  {
    problem: 'the source Application without application settings',
    spec: drain({ sessionSources: ['Application'] }),
    field: 'spec.drain.application',
    message: /if and only if sessionSources contains Application/,
  },
  {
    problem: 'application settings without the source Application',
    spec: drain({ application: { path: '/', port: 80 } }),
    field: 'spec.drain.application',
    message: /if and only if/,
  },
  {
    problem: 'connections without their source',
    spec: drain({ connections: { ports: [8080] } }),
    field: 'spec.drain.connections',
    message: /connections requires session source Connections/,
  },
  {
    problem: 'a CIDR without a prefix length',
    spec: drain({ sessionSources: ['Connections'], connections: { excludeCIDRs: ['10.0.0.1'] } }),
    field: 'spec.drain.connections.excludeCIDRs[0]',
    message: /must be a CIDR/,
  },
  {
    problem: 'a negative threshold',
    spec: drain({ sessionThreshold: -1 }),
    field: 'spec.drain.sessionThreshold',
    message: /greater than or equal to 0/,
  },
  {
    problem: 'an application path that is not absolute',
    spec: drain({ sessionSources: ['Application'], application: { path: 'a', port: 80 } }),
    field: 'spec.drain.application.path',
    message: /should match/,
  },
  {
    problem: 'an invalid application port',
    spec: drain({ sessionSources: ['Application'], application: { path: '/', port: 0 } }),
    field: 'spec.drain.application.port',
    message: /port number from 1 to 65535/,
  },
];

const maxDraining = (value: unknown): Omit<Row, 'problem'> => ({
  spec: { scaleDown: { maxDraining: value } },
  field: 'spec.scaleDown.maxDraining',
  message: /at least 1, or a percentage from 1% to 100%/,
});

const others: Row[] = [
  {
    problem: 'an unknown strategy',
    spec: { scaleDown: { strategy: 'Kill' } },
    field: 'spec.scaleDown.strategy',
    message: /"DrainFirst", "TerminateAndHold"/,
  },
  { problem: 'no pod may ever drain', ...maxDraining(0) },
  { problem: 'fewer than no pods may drain', ...maxDraining(-1) },
  { problem: 'none of a hundred may drain', ...maxDraining('0%') },
  { problem: 'more than all may drain', ...maxDraining('101%') },
  { problem: 'a number in quotes', ...maxDraining('3') },
  {
    problem: 'a HoldfastProxy for a Gateway that another user manages',
    spec: { dataplane: { parametersRef: { name: 'small' } }, route: { parentRefs: [{ name: 'web' }] } },
    field: 'spec.dataplane.parametersRef',
    message: /applies to the Gateway that Holdfast generates/,
  },
  {
    problem: 'an unknown dataplane',
    spec: { dataplane: { type: 'Envoy' } },
    field: 'spec.dataplane.type',
    message: /"Bundled", "Gateway"/,
  },
];

const names = [
  { problem: 'longer than the names made from it can be', name: 'a'.repeat(49) },
  { problem: 'with a dot, which a Service cannot have', name: 'cart.v2' },
  { problem: 'that starts with a digit, which a Service cannot', name: '2cart' },
];

export const refused: Case[] = [
  ...[...target, ...service, ...route, ...sessions, ...loadBalancing, ...draining, ...others].map(
    ({ problem, spec, field, message }): Case => ({
      title: `a StickyWorkload is refused: ${problem}`,
      run: (api) => expectRefused(submit(api, spec), { code: 422, reason: 'Invalid', field, message }),
    }),
  ),
  ...names.map(({ problem, name }): Case => ({
    title: `a StickyWorkload is refused: a name ${problem}`,
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
