import { beforeAll, describe, expect, test } from '@jest/globals';
import { judgeListeners, type ListenerLookup } from '../../../../src/core/listener/judge-listeners.ts';
import type { JudgedListener, ListenerSource } from '../../../../src/core/listener/listener.ts';
import type { CaBundle } from '../../../../src/core/snapshot/backend-tls.ts';
import type {
  CertificateRef,
  ClientRule,
  ClientValidation,
  GatewayListener,
  ReferenceGrant,
  TlsSecret,
} from '../../../../src/core/snapshot/snapshot.ts';
import { createAuthority } from '../../../support/authority.ts';

let secret: TlsSecret;
const bundles: CaBundle[] = [
  { namespace: 'shop', name: 'empty' },
  { namespace: 'shop', name: 'malformed', pem: 'Hello world' },
];
const pem: Record<string, string> = {};
beforeAll(async () => {
  const [staff, partners] = [await createAuthority('staff'), await createAuthority('partners')];
  secret = { namespace: 'shop', name: 'tls', ...(await staff.issue({ hostnames: ['shop.example'] })) };
  pem['staff'] = staff.certPem;
  pem['partners'] = partners.certPem;
  bundles.push({ namespace: 'shop', name: 'staff', pem: staff.certPem });
  bundles.push({ namespace: 'trust', name: 'partners', pem: partners.certPem });
});

const web: ListenerSource = { kind: 'Gateway', namespace: 'shop', name: 'web' };
const configMap = (name: string, namespace = 'shop'): CertificateRef => ({
  group: '',
  kind: 'ConfigMap',
  namespace,
  name,
});
const rule = (authorities: CertificateRef[], mode = 'AllowValidOnly'): ClientRule => ({
  field: 'spec.tls.frontend.default',
  mode,
  authorities,
});
const listener = (name: string, port = 443): GatewayListener => ({
  name,
  port,
  protocol: port === 80 ? 'HTTP' : 'HTTPS',
  allowedRoutes: { from: 'Same', kinds: [] },
  ...(port !== 80 && {
    tls: {
      mode: 'Terminate',
      options: [],
      certificateRefs: [{ group: '', kind: 'Secret', namespace: 'shop', name: 'tls' }],
    },
  }),
});

type More = { grants?: ReferenceGrant[]; from?: ListenerSource; isRead?: boolean };

function judge(
  validation: ClientValidation,
  listeners = [listener('https')],
  { grants = [], from = web, isRead = true }: More = {},
): JudgedListener[] {
  const lookup: ListenerLookup = {
    grants: Map.groupBy(grants, ({ namespace }) => namespace),
    secrets: new Map([['shop/tls', secret]]),
    ...(isRead && { bundles: new Map(bundles.map((one) => [`${one.namespace}/${one.name}`, one])) }),
    frontend: { namespace: 'shop', validation },
  };
  return judgeListeners([{ from, listeners }], lookup);
}

function only(judged: readonly JudgedListener[]): JudgedListener {
  const [first] = judged;
  if (first === undefined) throw new Error('there is no listener');
  return first;
}

const demands = (judged: readonly JudgedListener[]) =>
  judged.map(({ name, clientCertificates }) => `${name} ${clientCertificates?.mode ?? 'none'}`);

describe('an HTTPS listener demands certificates of clients', () => {
  const staff = () => rule([configMap('staff')]);

  test('by default, with the authorities of the ConfigMap', () => {
    const judged = only(judge({ byDefault: staff(), ports: [] }));
    expect(judged.problem).toBeUndefined();
    expect(judged.clientCertificates).toEqual({ mode: 'Required', authorities: pem['staff'] });
  });

  test('as the entry of its port says, before the default', () => {
    const fallback = rule([configMap('staff')], 'AllowInsecureFallback');
    const listeners = [listener('https'), listener('open', 8443), listener('loose', 9443)];
    const ports = [{ port: 8443 }, { port: 9443, rule: fallback }];
    expect(demands(judge({ byDefault: staff(), ports }, listeners))).toEqual([
      'https Required',
      'open none',
      'loose Optional',
    ]);
    expect(demands(judge({ ports: [{ port: 9443, rule: staff() }] }, listeners))).toEqual([
      'https none',
      'open none',
      'loose Required',
    ]);
  });

  test('if the mode is not known, rather than be open', () => {
    expect(demands(judge({ byDefault: rule([configMap('staff')], 'AllowSome'), ports: [] }))).toEqual([
      'https Required',
    ]);
  });

  test('and an HTTP listener never, even if its port has an entry', () => {
    const ports = [{ port: 80, rule: rule([configMap('gone')]) }];
    const judged = only(judge({ byDefault: rule([configMap('gone')]), ports }, [listener('http', 80)]));
    expect(judged.problem).toBeUndefined();
    expect(judged.verdicts.resolvedRefs.holds).toBe(true);
  });
});

describe('an HTTPS listener without any authority of its clients', () => {
  test.each<[string, CertificateRef, string, string]>([
    ['missing', configMap('gone'), 'InvalidCACertificateRef', 'ConfigMap shop/gone does not exist'],
    ['without a key', configMap('empty'), 'InvalidCACertificateRef', 'has no key ca.crt'],
    ['malformed', configMap('malformed'), 'InvalidCACertificateRef', 'has no valid certificate in PEM'],
    [
      'of another kind',
      { ...configMap('web'), kind: 'Service' },
      'InvalidCACertificateKind',
      'Service is not supported',
    ],
    [
      'of another group',
      { ...configMap('web'), group: 'x.example' },
      'InvalidCACertificateKind',
      'x.example/ConfigMap',
    ],
    ['not permitted', configMap('partners', 'trust'), 'RefNotPermitted', 'no ReferenceGrant in namespace trust'],
  ])('is refused instead of open to all: %s', (_, ref, reason, message) => {
    const judged = only(judge({ byDefault: rule([ref]), ports: [] }));
    expect(judged.verdicts.accepted).toMatchObject({ holds: false, reason: 'NoValidCACertificate' });
    expect(judged.verdicts.resolvedRefs).toMatchObject({ holds: false, reason });
    expect(judged.verdicts.resolvedRefs.message).toContain(message);
    expect(judged.problem?.reason).toBe('NoValidCACertificate');
    expect(judged.clientCertificates).toBeUndefined();
  });

  test('is refused in the mode AllowInsecureFallback too, as Gateway API specifies', () => {
    const judged = only(judge({ byDefault: rule([configMap('gone')], 'AllowInsecureFallback'), ports: [] }));
    expect(judged.problem?.reason).toBe('NoValidCACertificate');
  });

  test('keeps its port and hostname', () => {
    const judged = judge({ byDefault: rule([configMap('gone')]), ports: [] }, [listener('a'), listener('b')]);
    expect(judged.map(({ problem }) => problem?.reason)).toEqual(['NoValidCACertificate', 'HostnameConflict']);
  });

  test('says that ConfigMaps are not read, rather than that they do not exist', () => {
    const judged = only(judge({ byDefault: rule([configMap('staff')]), ports: [] }, undefined, { isRead: false }));
    expect(judged.verdicts.resolvedRefs.message).toContain('ConfigMaps are not read');
  });

  test('without permission does not learn whether the ConfigMap exists', () => {
    const [known, gone] = ['partners', 'gone'].map((name) =>
      only(judge({ byDefault: rule([configMap(name, 'trust')]), ports: [] })).verdicts.resolvedRefs.message.replace(
        name,
        'NAME',
      ),
    );
    expect(known).toBe(gone);
  });
});

test('one authority of several that is missing is reported, and the others are trusted', () => {
  const judged = only(judge({ byDefault: rule([configMap('gone'), configMap('staff')]), ports: [] }));
  expect(judged.verdicts.accepted.holds).toBe(true);
  expect(judged.verdicts.resolvedRefs).toMatchObject({ holds: false, reason: 'InvalidCACertificateRef' });
  expect(judged.problem).toBeUndefined();
  expect(judged.clientCertificates).toEqual({ mode: 'Required', authorities: pem['staff'] });
});

test.each<[string, string, ReferenceGrant['to'][number], boolean]>([
  ['Gateways', 'Gateway', { group: '', kind: 'ConfigMap' }, true],
  ['Gateways and this ConfigMap', 'Gateway', { group: '', kind: 'ConfigMap', name: 'partners' }, true],
  ['Gateways and Secrets', 'Gateway', { group: '', kind: 'Secret' }, false],
  ['ListenerSets', 'ListenerSet', { group: '', kind: 'ConfigMap' }, false],
])('a ConfigMap of another namespace needs a grant: one for %s', (_, kind, to, isPermitted) => {
  const from = [{ group: 'gateway.networking.k8s.io', kind, namespace: 'shop' }];
  const grants = [{ namespace: 'trust', name: 'grant', from, to: [to] }];
  const judged = judge({ byDefault: rule([configMap('partners', 'trust')]), ports: [] }, undefined, { grants });
  expect(only(judged).clientCertificates?.authorities).toBe(isPermitted ? pem['partners'] : undefined);
});

test('a ListenerSet of another namespace learns no names of the references of the Gateway', () => {
  const from: ListenerSource = { kind: 'ListenerSet', namespace: 'team', name: 'more' };
  const judged = only(judge({ byDefault: rule([configMap('secret-name')]), ports: [] }, undefined, { from }));
  expect(judged.problem?.reason).toBe('NoValidCACertificate');
  expect(JSON.stringify(judged.verdicts)).not.toContain('secret-name');
});
