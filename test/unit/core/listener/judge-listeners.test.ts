import { beforeAll, describe, expect, test } from '@jest/globals';
import { judgeListeners, type ListenerLookup } from '../../../../src/core/listener/judge-listeners.ts';
import type { JudgedListener, ListenerSource } from '../../../../src/core/listener/listener.ts';
import type { RefLookup } from '../../../../src/core/listener/resolve-refs.ts';
import type {
  CertificateRef,
  GatewayListener,
  ReferenceGrant,
  TlsSecret,
} from '../../../../src/core/snapshot/snapshot.ts';
import { createCertificate } from '../../../support/certificates.ts';

let good: TlsSecret;
let second: TlsSecret;
const malformed: TlsSecret = { namespace: 'shop', name: 'malformed', chain: 'Hello world', key: 'Hello world' };
beforeAll(async () => {
  good = { namespace: 'shop', name: 'good', ...(await createCertificate()) };
  second = { namespace: 'certificates', name: 'second', ...(await createCertificate({ algorithm: 'RSA' })) };
});

const web: ListenerSource = { kind: 'Gateway', namespace: 'shop', name: 'web' };
const setOf = (name: string, namespace = 'shop'): ListenerSource => ({ kind: 'ListenerSet', namespace, name });

const listener = (name: string, parts: Partial<GatewayListener> = {}): GatewayListener => ({
  name,
  port: 80,
  protocol: 'HTTP',
  allowedRoutes: { from: 'Same', kinds: [] },
  ...parts,
});
const secret = (name: string, namespace = 'shop'): CertificateRef => ({ group: '', kind: 'Secret', namespace, name });
const https = (name: string, refs: CertificateRef[], parts: Partial<GatewayListener> = {}): GatewayListener =>
  listener(name, {
    port: 443,
    protocol: 'HTTPS',
    tls: { mode: 'Terminate', certificateRefs: refs, options: [] },
    ...parts,
  });

const lookup = (grants: ReferenceGrant[] = []): RefLookup => ({
  grants: Map.groupBy(grants, ({ namespace }) => namespace),
  secrets: new Map([good, second, malformed].map((one) => [`${one.namespace}/${one.name}`, one])),
});
const grantTo = (kind: string, to: ReferenceGrant['to']): ReferenceGrant => ({
  namespace: 'certificates',
  name: 'grant',
  from: [{ group: 'gateway.networking.k8s.io', kind, namespace: 'shop' }],
  to,
});

const judge = (listeners: GatewayListener[], refs: ListenerLookup = lookup()) =>
  judgeListeners([{ from: web, listeners }], refs);
const only = (judged: readonly JudgedListener[]): JudgedListener => {
  const [first] = judged;
  if (first === undefined) throw new Error('there is no listener');
  return first;
};
const reasons = ({ verdicts: { accepted, resolvedRefs, conflicted } }: JudgedListener): string[] =>
  [accepted, resolvedRefs, conflicted].map(({ type, holds, reason }) => `${type} ${holds} ${reason}`);

describe('an HTTPS listener', () => {
  test('with a valid certificate is served with it', () => {
    const judged = only(judge([https('https', [secret('good')])]));
    expect(reasons(judged)).toEqual([
      'Accepted true Accepted',
      'ResolvedRefs true ResolvedRefs',
      'Conflicted false NoConflicts',
    ]);
    expect(judged.problem).toBeUndefined();
    expect(judged.certificates.map(({ name }) => name)).toEqual(['shop/good']);
  });

  const broken: [string, CertificateRef[], string][] = [
    [
      'names a Secret that does not exist',
      [secret('gone')],
      'Secret shop/gone of type kubernetes.io/tls does not exist',
    ],
    [
      'names another group',
      [{ ...secret('good'), group: 'wrong.example' }],
      'Secret.wrong.example good is not supported',
    ],
    ['names another kind', [{ ...secret('good'), kind: 'ConfigMap' }], 'ConfigMap good is not supported'],
    ['names a malformed Secret', [secret('malformed')], 'does not begin with a certificate in PEM'],
    ['names no Secret', [], 'certificateRefs is empty'],
  ];
  test.each(broken)('that %s is not served, and keeps its other verdicts', (_, refs, message) => {
    const judged = only(judge([https('https', refs)]));
    expect(reasons(judged)).toEqual([
      'Accepted true Accepted',
      'ResolvedRefs false InvalidCertificateRef',
      'Conflicted false NoConflicts',
    ]);
    expect(judged.problem?.about).toBe('ResolvedRefs');
    expect(judged.problem?.message).toContain(message);
  });

  test('presents the valid ones of its certificates and reports the others', () => {
    const judged = only(judge([https('https', [secret('gone'), secret('good'), secret('malformed')])]));
    expect(judged.verdicts.resolvedRefs).toMatchObject({ holds: false, reason: 'InvalidCertificateRef' });
    expect(judged.verdicts.resolvedRefs.message).toContain('shop/gone');
    expect(judged.verdicts.resolvedRefs.message).toContain('shop/malformed');
    expect(judged.certificates.map(({ name }) => name)).toEqual(['shop/good']);
    expect(judged.problem).toBeUndefined();
  });

  test('reports that Secrets cannot be read rather than that they do not exist', () => {
    const judged = only(judge([https('https', [secret('good')])], { grants: new Map() }));
    expect(judged.problem?.message).toContain('cannot read Secret shop/good');
  });

  test('reports the namespace in which the right to read Secrets is missing', () => {
    const lookup = { grants: new Map(), secrets: new Map(), refusedSecrets: new Set(['shop']) };
    expect(only(judge([https('https', [secret('good')])], lookup)).problem?.message).toBe(
      'tls.certificateRefs: the operator cannot read Secret shop/good: grant it list and watch on Secrets in namespace shop by a RoleBinding.',
    );
  });

  const elsewhere = [secret('second', 'certificates')];
  test.each<[string, ReferenceGrant[], boolean]>([
    ['without a ReferenceGrant', [], false],
    ['with one for all Secrets', [grantTo('Gateway', [{ group: '', kind: 'Secret' }])], true],
    ['with one for this Secret', [grantTo('Gateway', [{ group: '', kind: 'Secret', name: 'second' }])], true],
    ['with one for another Secret', [grantTo('Gateway', [{ group: '', kind: 'Secret', name: 'good' }])], false],
    ['with one for Services', [grantTo('Gateway', [{ group: '', kind: 'Service' }])], false],
    ['with one from HTTPRoutes', [grantTo('HTTPRoute', [{ group: '', kind: 'Secret' }])], false],
    ['with one from ListenerSets', [grantTo('ListenerSet', [{ group: '', kind: 'Secret' }])], false],
  ])('that names a Secret of another namespace %s: permitted %p', (_, grants, isPermitted) => {
    const judged = only(judge([https('https', elsewhere)], lookup(grants)));
    expect(judged.verdicts.resolvedRefs.reason).toBe(isPermitted ? 'ResolvedRefs' : 'RefNotPermitted');
    expect(judged.problem === undefined).toBe(isPermitted);
  });

  test('without permission does not learn whether the Secret exists', () => {
    const messages = ['second', 'gone'].map((name) => {
      const judged = only(judge([https('https', [secret(name, 'certificates')])]));
      return judged.verdicts.resolvedRefs.message.replace(name, 'NAME');
    });
    expect(messages[0]).toBe(messages[1]);
  });

  test.each<[string, GatewayListener['tls'], string]>([
    ['that passes TLS through', { mode: 'Passthrough', certificateRefs: [], options: [] }, 'tls.mode Passthrough'],
    [
      'with options',
      { mode: 'Terminate', certificateRefs: [], options: ['example.com/ciphers'] },
      'example.com/ciphers',
    ],
  ])('%s is refused instead of served otherwise', (_, tls, message) => {
    const judged = only(judge([https('https', [], tls && { tls })]));
    expect(judged.verdicts.accepted).toMatchObject({ holds: false, reason: 'UnsupportedValue' });
    expect(judged.verdicts.accepted.message).toContain(message);
  });
});

describe('listeners of one port', () => {
  const verdictsOf = (listeners: GatewayListener[]) =>
    judge(listeners).map(({ name, problem }) => `${name} ${problem?.reason ?? 'served'}`);

  test.each<[string, GatewayListener[], string[]]>([
    ['HTTP and HTTPS', [listener('a'), https('b', [secret('good')], { port: 80 })], ['a served', 'b ProtocolConflict']],
    ['HTTP and TCP', [listener('a'), listener('b', { protocol: 'TCP' })], ['a served', 'b ProtocolConflict']],
    ['TCP and HTTP', [listener('a', { protocol: 'TCP' }), listener('b')], ['a UnsupportedProtocol', 'b served']],
    [
      'equal hostnames',
      [listener('a', { hostname: 'x.example' }), listener('b', { hostname: 'x.example' })],
      ['a served', 'b HostnameConflict'],
    ],
    ['different hostnames', [listener('a', { hostname: 'x.example' }), listener('b')], ['a served', 'b served']],
  ])('%s: the earlier one is served', (_, listeners, verdicts) => {
    expect(verdictsOf(listeners)).toEqual(verdicts);
  });

  test('a listener that was accepted keeps its hostname from one before it in the list', () => {
    expect(verdictsOf([listener('new'), listener('old', { acceptedBefore: true })])).toEqual([
      'new HostnameConflict',
      'old served',
    ]);
  });

  test('a listener whose Secret disappears keeps its hostname', () => {
    const taker = https('taker', [secret('good')]);
    expect(verdictsOf([https('holder', [secret('gone')]), taker])).toEqual([
      'holder InvalidCertificateRef',
      'taker HostnameConflict',
    ]);
  });
});

describe('OverlappingTLSConfig', () => {
  const overlapping = (listeners: GatewayListener[]) =>
    judge(listeners).flatMap(({ name, verdicts }) => (verdicts.overlapping ? [name] : []));
  const on = (name: string, hostname?: string, port = 443) =>
    https(name, [secret('good')], { port, ...(hostname !== undefined && { hostname }) });

  test('is set on both listeners whose hostnames overlap, and on no other', () => {
    expect(overlapping([on('a', 'foo.example.com'), on('b', 'foo.example.org'), on('c', '*.example.com')])).toEqual([
      'a',
      'c',
    ]);
  });

  test('is not set for listeners of different ports, nor for HTTP', () => {
    expect(overlapping([on('a'), on('b', 'x.example', 8443)])).toEqual([]);
    expect(overlapping([listener('a'), listener('b', { hostname: 'x.example' })])).toEqual([]);
  });
});

describe('listeners of a ListenerSet', () => {
  const judgeSets = (...sets: [ListenerSource, GatewayListener[]][]) =>
    judgeListeners(
      [{ from: web, listeners: [listener('http')] }, ...sets.map(([from, listeners]) => ({ from, listeners }))],
      lookup([grantTo('Gateway', [{ group: '', kind: 'Secret' }])]),
    );

  test('have ids of their own, for their names may repeat', () => {
    const judged = judgeSets([setOf('team'), [listener('http', { hostname: 'team.example' })]]);
    expect(judged.map(({ id }) => id)).toEqual(['http', 'shop/team/http']);
  });

  test('yield to the Gateway, even if they were accepted before', () => {
    const [first, second_] = judgeSets([setOf('team'), [listener('mine', { acceptedBefore: true })]]);
    expect(first?.problem).toBeUndefined();
    expect(second_ && reasons(second_)).toEqual([
      'Accepted false HostnameConflict',
      'ResolvedRefs true ResolvedRefs',
      'Conflicted true HostnameConflict',
    ]);
  });

  test('need a ReferenceGrant that names ListenerSets', () => {
    const judged = judgeSets([setOf('team'), [https('https', [secret('second', 'certificates')])]]);
    expect(judged[1]?.problem?.reason).toBe('RefNotPermitted');
  });

  test('learn nothing of the hosts that overlap with theirs in other namespaces', () => {
    const wide = https('wide', [secret('good')], { hostname: '*.example' });
    const narrow = https('narrow', [secret('good')], { hostname: 'a.example' });
    const judged = judgeSets([setOf('team'), [wide]], [setOf('team', 'other'), [narrow]]);
    expect(judged.map(({ verdicts }) => verdicts.overlapping?.message.split(' overlaps')[0])).toEqual([
      undefined,
      'An HTTPS listener of another namespace',
      'An HTTPS listener of another namespace',
    ]);
  });

  test('learn nothing of the names in other namespaces', () => {
    const judged = judgeSets([setOf('team', 'other'), [listener('mine')]]);
    expect(judged[1]?.problem?.message).toContain(
      'A listener of another namespace has the same port (80) and hostname',
    );
  });
});

describe('a listener whose port the proxies bind for another one', () => {
  const problems = (judged: readonly JudgedListener[]) =>
    judged.map(
      ({ name, problem }) => `${name} ${problem === undefined ? 'served' : `${problem.about} ${problem.reason}`}`,
    );

  test.each<[number, number]>([
    [10_443, 64_955],
    [64_955, 10_443],
    [9090, 64_512],
  ])('is refused: port %i, then port %i', (first, second) => {
    const judged = judge([listener('a', { port: first }), listener('b', { port: second })]);
    expect(problems(judged)).toEqual(['a served', 'b Accepted PortUnavailable']);
    expect(judged[1]?.problem?.message).toContain(`Listener a has port ${first}`);
    expect(judged[1]?.verdicts.conflicted.holds).toBe(false);
  });

  test('is refused too while the other one lacks its certificate, which may return', () => {
    const judged = judge([https('a', [secret('gone')], { port: 9090 }), listener('b', { port: 64_512 })]);
    expect(problems(judged)).toEqual(['a ResolvedRefs InvalidCertificateRef', 'b Accepted PortUnavailable']);
  });

  test('is refused after one that is served already', () => {
    const judged = judge([listener('a', { port: 9090 }), listener('b', { port: 64_512, acceptedBefore: true })]);
    expect(problems(judged)).toEqual(['a Accepted PortUnavailable', 'b served']);
  });

  test('is refused of any number of listeners', () => {
    const high = Array.from({ length: 1024 }, (_, index) => listener(`high-${index}`, { port: 64_512 + index }));
    const low = Array.from({ length: 1023 }, (_, index) => listener(`low-${index}`, { port: 10_001 + index }));
    const groups = [
      { from: web, listeners: high },
      { from: setOf('more'), listeners: [...low, listener('admin', { port: 9090 })] },
    ];
    const judged = judgeListeners(groups, lookup());
    expect(judged.filter(({ problem }) => problem === undefined)).toHaveLength(1024);
    expect(judged.filter(({ problem }) => problem?.reason === 'PortUnavailable')).toHaveLength(1024);
  });
});
