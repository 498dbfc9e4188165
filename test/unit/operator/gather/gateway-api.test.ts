import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import {
  projectDefinition,
  projectGateway,
  projectGatewayClass,
  projectGrant,
  projectGrantDefinition,
  projectNamespace,
} from '../../../../src/operator/gather/gateway-api.ts';
import { grantDefinition, referenceGrant, routeDefinition } from '../../../support/operator-objects.ts';

const installed = (object: KubeObject) => projectDefinition(object).gatewayApi;
const established = { conditions: [{ type: 'Established', status: 'True' }] };

describe('the installed version of Gateway API', () => {
  test.each(['B', 'C', 'Absent'] as const)('is generation %s by its schema', (generation) => {
    expect(installed(routeDefinition(generation))).toEqual({ installed: true, sessionPersistence: generation });
  });

  test('is that of the annotation of its CRD', () => {
    const { metadata, ...definition } = routeDefinition('B');
    const annotations = { 'gateway.networking.k8s.io/bundle-version': 'v1.6.3' };
    expect(installed({ ...definition, metadata: { ...metadata, annotations } })).toEqual({
      installed: true,
      sessionPersistence: 'B',
      bundleVersion: 'v1.6.3',
    });
  });

  test.each<[string, Partial<KubeObject>]>([
    ['a definition without status', { status: undefined }],
    ['one whose conditions are null, as Go encodes an empty list', { status: { conditions: null } }],
    ['one that is not established yet', { status: { conditions: [{ type: 'Established', status: 'False' }] } }],
    [
      'one that is being deleted',
      { metadata: { ...routeDefinition('B').metadata, deletionTimestamp: '2026-05-01T12:00:00Z' } },
    ],
    ['one without versions', { spec: { versions: null }, status: established }],
    ['one that serves v1beta1 only', { spec: { versions: [{ name: 'v1beta1', served: true }] }, status: established }],
    ['one whose v1 is not served', { spec: { versions: [{ name: 'v1', served: false }] }, status: established }],
  ])('%s counts as not installed', (_, parts) => {
    expect(installed({ ...routeDefinition('B'), ...parts })).toEqual({ installed: false });
  });

  test('has no field for session persistence if v1 has no schema', () => {
    expect(installed({ ...routeDefinition('B'), spec: { versions: [{ name: 'v1', served: true }] } })).toEqual({
      installed: true,
      sessionPersistence: 'Absent',
    });
  });

  test('does not keep the schema of half a megabyte', () => {
    expect(Object.keys(projectDefinition(routeDefinition('B')))).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'gatewayApi',
    ]);
  });
});

describe('a Gateway', () => {
  const gateway = (spec?: object): KubeObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'web', uid: 'g', generation: 3 },
    ...(spec && { spec }),
  });

  test('demands certificates of clients by default, and otherwise by port', () => {
    const ca = { group: '', kind: 'ConfigMap', name: 'ca' };
    const validation = { caCertificateRefs: [ca] };
    const fallback = { mode: 'AllowInsecureFallback', caCertificateRefs: [{ ...ca, namespace: 'trust' }] };
    const frontend = {
      default: { validation },
      perPort: [
        { port: 8443, tls: {} },
        { port: 9443, tls: { validation: fallback } },
      ],
    };
    const field = 'spec.tls.frontend';
    expect(projectGateway(gateway({ tls: { frontend } })).gateway.clientValidation).toEqual({
      byDefault: { field: `${field}.default`, mode: 'AllowValidOnly', authorities: [{ ...ca, namespace: 'shop' }] },
      ports: [
        { port: 8443 },
        {
          port: 9443,
          rule: {
            field: `${field}.perPort[1].tls`,
            mode: 'AllowInsecureFallback',
            authorities: [{ ...ca, namespace: 'trust' }],
          },
        },
      ],
    });
    expect(projectGateway(gateway({})).gateway.clientValidation).toBeUndefined();
  });

  test('presents a certificate to pods, by default from a Secret of its own namespace', () => {
    const read = (backend: object) => projectGateway(gateway({ tls: { backend } })).gateway;
    const secret = { group: '', kind: 'Secret', namespace: 'shop', name: 'client' };
    expect(read({ clientCertificateRef: { name: 'client' } }).clientCertificate).toEqual(secret);
    const elsewhere = { ...secret, namespace: 'trust' };
    expect(read({ clientCertificateRef: elsewhere }).clientCertificate).toEqual(elsewhere);
    expect(read({})).not.toHaveProperty('clientCertificate');
  });

  test.each([
    [{ defaultScope: 'All' }, ['spec.defaultScope']],
    [{ defaultScope: 'None', tls: { backend: {} } }, []],
  ])('with %j has unsupported fields %j', (spec, unsupported) => {
    expect(projectGateway(gateway(spec)).gateway.unsupported).toEqual(unsupported);
  });

  test('is reduced to its class, its listeners and its generation', () => {
    const spec = {
      gatewayClassName: 'holdfast',
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP', hostname: 'a.example', allowedRoutes: {} },
        { name: 'any', port: 81, protocol: 'HTTP' },
      ],
    };
    expect(projectGateway(gateway(spec)).gateway).toEqual({
      namespace: 'shop',
      name: 'web',
      uid: 'g',
      ownerUids: [],
      className: 'holdfast',
      generation: 3,
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP', hostname: 'a.example', allowedRoutes: { from: 'Same', kinds: [] } },
        { name: 'any', port: 81, protocol: 'HTTP', allowedRoutes: { from: 'Same', kinds: [] } },
      ],
      allowedListeners: { from: 'None' },
      infrastructure: { labels: {}, annotations: {} },
      addresses: [],
      unsupported: [],
    });
  });

  test.each<[string, object | undefined, object]>([
    ['default: its own namespace', undefined, { from: 'Same', kinds: [] }],
    ['all namespaces', { namespaces: { from: 'All' } }, { from: 'All', kinds: [] }],
    [
      'those with labels',
      { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } } },
      { from: 'Selector', selector: { matchLabels: { team: 'a' } }, kinds: [] },
    ],
    ['an unknown value: none', { namespaces: { from: 'Friends' } }, { from: 'None', kinds: [] }],
    [
      'kinds, whose group has a default',
      { kinds: [{ kind: 'GRPCRoute' }] },
      { from: 'Same', kinds: [{ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute' }] },
    ],
    ['kinds that are null, as Go encodes an empty list', { kinds: null }, { from: 'Same', kinds: [] }],
  ])('the namespaces of a listener: %s', (_, allowedRoutes, expected) => {
    const spec = { listeners: [{ name: 'http', port: 80, protocol: 'HTTP', ...(allowedRoutes && { allowedRoutes }) }] };
    expect(projectGateway(gateway(spec)).gateway.listeners[0]?.allowedRoutes).toEqual(expected);
  });

  test('keeps its infrastructure and addresses', () => {
    const infrastructure = {
      labels: { cost: 'a' },
      annotations: { note: 'b' },
      parametersRef: { group: '', kind: 'ConfigMap', name: 'x' },
    };
    expect(projectGateway(gateway({ infrastructure, addresses: [{ value: '10.0.0.1' }] })).gateway).toMatchObject({
      infrastructure: {
        labels: { cost: 'a' },
        annotations: { note: 'b' },
        parametersRef: { field: 'spec.infrastructure.parametersRef', group: '', kind: 'ConfigMap', name: 'x' },
      },
      addresses: [{ type: 'IPAddress', value: '10.0.0.1' }],
    });
  });

  test.each<[string, object | undefined]>([
    ['no spec', undefined],
    ['listeners null', { gatewayClassName: 'x', listeners: null }],
  ])('%s gives no listener', (_, spec) => {
    expect(projectGateway(gateway(spec)).gateway.listeners).toEqual([]);
  });

  test('keeps its status, for the transition times', () => {
    expect(projectGateway({ ...gateway(), status: { conditions: [] } }).observed).toEqual({
      generation: 3,
      status: { conditions: [] },
    });
    expect(projectGateway(gateway()).observed).toEqual({ generation: 3 });
  });
});

describe('other objects of Gateway API', () => {
  test('a GatewayClass keeps its controller name', () => {
    const object = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'theirs' },
      spec: { controllerName: 'example.com/x' },
    };
    expect(projectGatewayClass(object).gatewayClass).toEqual({ name: 'theirs', controllerName: 'example.com/x' });
  });

  test('a ReferenceGrant keeps its from and to lists', () => {
    expect(projectGrant(referenceGrant('zoo', 'shop')).grant).toEqual({
      namespace: 'zoo',
      name: 'from-shop',
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
      to: [{ group: '', kind: 'Service' }],
    });
  });

  test('a Namespace keeps its labels and whether it is being deleted', () => {
    expect(
      projectNamespace({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } })
        .namespace,
    ).toEqual({ name: 'shop', labels: { team: 'a' }, isTerminating: false });
    expect(
      projectNamespace({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', deletionTimestamp: '2026-11-23T10:00:00Z' },
      }).namespace,
    ).toEqual({ name: 'shop', labels: {}, isTerminating: true });
  });

  test.each<[string, string[], string | undefined]>([
    ['v1 if it is served', ['v1beta1', 'v1'], 'v1'],
    ['v1beta1 if it is the only one', ['v1beta1'], 'v1beta1'],
    ['none for an unsupported version', ['v2'], undefined],
  ])('grants are read in %s', (_, served, version) => {
    expect(projectGrantDefinition(grantDefinition(...served)).version).toBe(version);
  });
});
