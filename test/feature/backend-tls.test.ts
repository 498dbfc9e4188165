/** BackendTLSPolicies: what proxies are told about pods behind TLS, and what their owners are told. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { createAuthority } from '../support/authority.ts';
import { createCertificate, type PemPair } from '../support/certificates.ts';
import {
  backendTlsDefinition,
  gateway,
  grantDefinition,
  referenceGrant,
  routeDefinition,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

const { backendTlsPolicies, configMaps, customResourceDefinitions, gateways, httpRoutes } = resources;
const { referenceGrants, secrets, services } = resources;

const namespace = 'infra';

let ca: string;
beforeAll(async () => {
  ca = (await createAuthority()).certPem;
});

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'), backendTlsDefinition);
  operator = await world.start();
  await world.after(() => {
    world.put(gateways, gateway('web'));
    world.put(services, service('pay', { appProtocol: 'https' }), service('plain'));
    world.put(httpRoutes, route('pay'), route('plain'));
    world.put(configMaps, configMap('ca', { 'ca.crt': ca }));
  });
});
afterEach(() => world.stop());

const service = (name: string, port: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name, uid: `uid-of-service-${name}` },
  spec: {
    ports: [
      { name: 'web', port: 443, ...port },
      { name: 'admin', port: 8443 },
    ],
  },
});
const route = (name: string): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: {
    namespace,
    name,
    uid: `uid-of-route-${name}`,
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
    hostnames: [`${name}.example`],
    rules: [{ backendRefs: [{ kind: 'Service', name, port: 443 }] }],
  },
});
const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, uid: `uid-of-config-${name}` },
  data,
});

type PolicyParts = { validation?: object; target?: object; createdAt?: string; spec?: object };
const policy = (
  name: string,
  { validation, target, createdAt = '2026-01-01T00:00:00Z', spec }: PolicyParts = {},
): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'BackendTLSPolicy',
  metadata: { namespace, name, uid: `uid-of-policy-${name}`, generation: 3, creationTimestamp: createdAt },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'pay', ...target }],
    validation: { caCertificateRefs: [configMapRef('ca')], hostname: 'pay.internal', ...validation },
    ...spec,
  },
});
const configMapRef = (name: string) => ({ group: '', kind: 'ConfigMap', name });

type Condition = { type: string; status: string; reason: string; message: string; observedGeneration: number };
type Ancestor = { ancestorRef: object; controllerName: string; conditions: Condition[] };
const ancestors = (name: string) =>
  (world.cluster.find(backendTlsPolicies, { namespace, name })?.['status'] as { ancestors: Ancestor[] } | undefined)
    ?.ancestors ?? [];
const conditions = (name: string) =>
  (ancestors(name)[0]?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
const table = () => operator.translations.table('infra/web')?.table;
const backend = (name = 'pay') => table()?.backends[`infra/${name}:443`];
const refs = (name = 'pay') => table()?.routes.find(({ hostnames }) => hostnames[0] === `${name}.example`)?.backendRefs;

const put = (...policies: KubeObject[]) => world.after(() => world.put(backendTlsPolicies, ...policies));

describe('a BackendTLSPolicy', () => {
  test('makes proxies reach the pods of its Service over TLS, and of no other', async () => {
    await put(policy('tls'));
    expect(backend()?.tls).toEqual({ serverName: 'pay.internal', authorities: ca });
    expect(backend('plain')?.tls).toBeUndefined();
    expect(ancestors('tls')).toEqual([
      {
        ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace, name: 'web' },
        controllerName: 'holdfast.dev/gateway-controller',
        conditions: [
          expect.objectContaining({ type: 'Accepted', status: 'True', reason: 'Accepted', observedGeneration: 3 }),
          expect.objectContaining({
            type: 'ResolvedRefs',
            status: 'True',
            reason: 'ResolvedRefs',
            observedGeneration: 3,
          }),
        ],
      },
    ]);
  });

  test('has names that certificates must have, and may trust whom browsers trust', async () => {
    const subjectAltNames = [
      { type: 'Hostname', hostname: 'Pay.Example' },
      { type: 'URI', uri: 'spiffe://shop/pay' },
    ];
    await put(
      policy('tls', {
        validation: { caCertificateRefs: undefined, wellKnownCACertificates: 'System', subjectAltNames },
      }),
    );
    expect(backend()?.tls).toEqual({
      serverName: 'pay.internal',
      subjectAltNames: [
        { type: 'Hostname', value: 'pay.example' },
        { type: 'URI', value: 'spiffe://shop/pay' },
      ],
    });
  });

  test('follows its ConfigMap', async () => {
    const next = (await createAuthority('next')).certPem;
    await put(policy('tls'));
    await world.after(() => world.put(configMaps, configMap('ca', { 'ca.crt': next })));
    expect(backend()?.tls?.authorities).toBe(next);
  });

  test('of a port takes precedence over one of the Service', async () => {
    await put(
      policy('service', { validation: { hostname: 'service.internal' } }),
      policy('port', { target: { sectionName: 'web' }, createdAt: '2026-02-01T00:00:00Z' }),
    );
    expect(backend()?.tls?.serverName).toBe('pay.internal');
    expect(conditions('service')[0]).toBe('Accepted True Accepted');
    expect(conditions('port')[0]).toBe('Accepted True Accepted');
  });

  test('of another port changes nothing', async () => {
    await put(policy('tls', { target: { sectionName: 'admin' } }));
    expect(backend()?.tls).toBeUndefined();
  });

  test('that is younger than another one for the same Service is refused', async () => {
    await put(
      policy('a', { createdAt: '2026-02-01T00:00:00Z' }),
      policy('b', { validation: { hostname: 'b.internal' } }),
    );
    expect(backend()?.tls?.serverName).toBe('b.internal');
    expect(conditions('a')).toEqual(['Accepted False Conflicted', 'ResolvedRefs True ResolvedRefs']);
    expect(conditions('b')[0]).toBe('Accepted True Accepted');
  });

  test('that is deleted ends: the pods are reached without TLS again', async () => {
    await put(policy('tls', { target: { name: 'plain' } }));
    expect(backend('plain')?.tls).toBeDefined();
    await world.after(() => world.cluster.remove(backendTlsPolicies, { namespace, name: 'tls' }));
    expect(backend('plain')).toMatchObject({ key: 'infra/plain:443' });
    expect(backend('plain')?.tls).toBeUndefined();
  });

  test('for a Service to which no route leads has no status', async () => {
    await put(policy('tls', { target: { name: 'other' } }));
    expect(ancestors('tls')).toEqual([]);
  });

  test('keeps the entries of other controllers', async () => {
    const foreign = { ancestorRef: { name: 'x' }, controllerName: 'other.example/controller', conditions: [] };
    await put({ ...policy('tls'), status: { ancestors: [foreign] } });
    expect(ancestors('tls').map(({ controllerName }) => controllerName)).toEqual([
      'other.example/controller',
      'holdfast.dev/gateway-controller',
    ]);
  });

  test('makes appProtocol https a protocol that is served', async () => {
    expect(refs()).toEqual([{ weight: 1 }]);
    await put(policy('tls'));
    expect(refs()).toEqual([{ backend: 'infra/pay:443', weight: 1 }]);
    expect(backend()?.protocol).toBeUndefined();
  });

  test.each(['grpc', 'grpcs'])('lets pods with appProtocol %s have HTTP/2 over TLS', async (appProtocol) => {
    await world.after(() => world.put(services, service('pay', { appProtocol })));
    await put(policy('tls'));
    expect(backend()).toMatchObject({ protocol: 'HTTP2', tls: expect.anything() });
  });
});

describe('the client certificate of a Gateway', () => {
  const secret = ({ chain, key }: PemPair, where = namespace): KubeObject => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: where, name: 'client' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': base64(chain), 'tls.key': base64(key) },
    };
  };
  const presenting = (ref: object): KubeObject => {
    const object = gateway('web');
    const tls = { backend: { clientCertificateRef: { group: '', kind: 'Secret', ...ref } } };
    return { ...object, spec: { ...(object['spec'] as object), tls } };
  };
  const onGateway = () => {
    const status = world.cluster.find(gateways, { namespace, name: 'web' })?.['status'] as { conditions: Condition[] };
    const resolved = status.conditions.find(({ type }) => type === 'ResolvedRefs');
    return resolved && `${resolved.status} ${resolved.reason}`;
  };

  test('is presented to pods behind TLS, follows its Secret, and is left out while that is missing', async () => {
    await put(policy('tls'));
    expect(onGateway()).toBeUndefined();
    await world.after(() => world.put(gateways, presenting({ name: 'client' })));
    expect(onGateway()).toBe('False InvalidClientCertificateRef');
    expect(backend()?.tls).not.toHaveProperty('clientCertificate');

    const [first, renewed] = [await createCertificate(), await createCertificate()];
    await world.after(() => world.put(secrets, secret(first)));
    expect(onGateway()).toBe('True ResolvedRefs');
    expect(backend()?.tls?.clientCertificate).toBe('infra/client');
    expect(backend('plain')?.tls).toBeUndefined();
    expect(table()?.certificates).toEqual({ 'infra/client': first });

    await world.after(() => world.put(secrets, secret(renewed)));
    expect(table()?.certificates).toEqual({ 'infra/client': renewed });
    await world.after(() => world.cluster.remove(secrets, { namespace, name: 'client' }));
    expect(onGateway()).toBe('False InvalidClientCertificateRef');
    expect(table()?.certificates).toBeUndefined();
  });

  test('of another namespace needs a ReferenceGrant', async () => {
    await put(policy('tls'));
    const pair = await createCertificate();
    await world.after(() => {
      world.put(customResourceDefinitions, grantDefinition('v1beta1'));
      world.put(secrets, secret(pair, 'trust'));
      world.put(gateways, presenting({ name: 'client', namespace: 'trust' }));
    });
    expect(onGateway()).toBe('False RefNotPermitted');
    expect(table()?.certificates).toBeUndefined();

    const from = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace }];
    const permit = { ...referenceGrant('trust', namespace), spec: { from, to: [{ group: '', kind: 'Secret' }] } };
    await world.after(() => world.put(referenceGrants.v1beta1, permit));
    expect(onGateway()).toBe('True ResolvedRefs');
    expect(table()?.certificates).toEqual({ 'trust/client': pair });
  });
});

describe('a BackendTLSPolicy that cannot be applied', () => {
  test.each<{ sentence: string; parts: PolicyParts; words: string[]; says: string }>([
    {
      sentence: 'without its ConfigMap',
      parts: { validation: { caCertificateRefs: [configMapRef('missing')] } },
      words: ['Accepted False NoValidCACertificate', 'ResolvedRefs False InvalidCACertificateRef'],
      says: 'ConfigMap infra/missing does not exist',
    },
    {
      sentence: 'with a ConfigMap without ca.crt',
      parts: { validation: { caCertificateRefs: [configMapRef('empty')] } },
      words: ['Accepted False NoValidCACertificate', 'ResolvedRefs False InvalidCACertificateRef'],
      says: 'has no key ca.crt',
    },
    {
      sentence: 'with a ConfigMap without a certificate',
      parts: { validation: { caCertificateRefs: [configMapRef('broken')] } },
      words: ['Accepted False NoValidCACertificate', 'ResolvedRefs False InvalidCACertificateRef'],
      says: 'no valid certificate',
    },
    {
      sentence: 'with another kind',
      parts: { validation: { caCertificateRefs: [{ group: 'invalid.io', kind: 'Thing', name: 'x' }] } },
      words: ['Accepted False NoValidCACertificate', 'ResolvedRefs False InvalidKind'],
      says: 'invalid.io/Thing',
    },
    {
      sentence: 'with options',
      parts: { spec: { options: { 'example.com/min': '1.3' } } },
      words: ['Accepted False Invalid', 'ResolvedRefs True ResolvedRefs'],
      says: 'example.com/min',
    },
  ])('$sentence: requests get 500, and the reason is said', async ({ parts, words, says }) => {
    await world.after(() =>
      world.put(
        configMaps,
        configMap('empty', {}),
        configMap('broken', { 'ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }),
      ),
    );
    await put(policy('tls', parts));
    expect(conditions('tls')).toEqual(words);
    expect(
      ancestors('tls')[0]
        ?.conditions.map(({ message }) => message)
        .join(' '),
    ).toContain(says);
    expect(refs()).toEqual([{ weight: 1 }]);
    expect(backend()).toBeUndefined();
    expect(refs('plain')).toEqual([{ backend: 'infra/plain:443', weight: 1 }]);
  });

  test('in one of two references only trusts the other', async () => {
    await put(policy('tls', { validation: { caCertificateRefs: [configMapRef('missing'), configMapRef('ca')] } }));
    expect(backend()?.tls?.authorities).toBe(ca);
    expect(conditions('tls')).toEqual(['Accepted True Accepted', 'ResolvedRefs False InvalidCACertificateRef']);
  });
});
