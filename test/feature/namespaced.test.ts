import { afterEach, expect, test } from '@jest/globals';
import * as resources from '../../src/kube/resources.ts';
import { AppError } from '../../src/platform/errors.ts';
import { createCertificate } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import {
  backendTlsDefinition,
  deployment,
  elsewhere,
  listenerSetDefinition,
  pod,
  routeDefinition,
  slice,
} from '../support/operator-objects.ts';

const { backendTlsPolicies, configMaps, customResourceDefinitions, deployments, endpointSlices } = resources;
const { gateways, httpRoutes, listenerSets, pods, secrets, services } = resources;

let world: OperatorWorld;
afterEach(() => world.stop());

const gateway = (namespace: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace, name: 'web' },
  spec: { gatewayClassName: 'holdfast', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
});

test('an operator for some namespaces serves these, with objects that are added later, and neither reads nor writes others', async () => {
  world = createOperatorWorld({ namespaces: ['shop', 'infra'] });
  world.putWorkload({ name: 'cart' });
  world.put(deployments, { ...deployment('pay'), metadata: { ...deployment('pay').metadata, namespace: 'zoo' } });
  world.putWorkload({ name: 'pay', namespace: 'zoo' });
  const operator = await world.start();
  const later = await world.after(() => {
    world.putWorkload({ name: 'late', namespace: 'infra' });
    world.put(gateways, gateway('zoo'));
  });
  const { accepts, gateways: planned } = operator.translations.latest()?.translation ?? {};
  expect(Object.keys(accepts ?? {})).toEqual(['infra/late', 'shop/cart']);
  expect(Object.keys(planned ?? {})).toContain('shop/holdfast');
  expect(world.mustFind(services, 'cart')).toBeDefined();
  expect(later.writes.filter((write) => write.includes('zoo/'))).toEqual([]);
  expect(world.cluster.all(services).filter(({ metadata }) => metadata.namespace === 'zoo')).toEqual([]);
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function putHttps(namespace: string): Promise<void> {
  const { chain, key } = await createCertificate();
  world.put(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'web-tls' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(chain), 'tls.key': base64(key) },
  });
  const tls = { certificateRefs: [{ name: 'web-tls' }] };
  const listeners = [{ name: 'https', port: 443, protocol: 'HTTPS', tls }];
  world.put(gateways, { ...gateway(namespace), spec: { gatewayClassName: 'holdfast', listeners } });
}

test('a namespace whose Secrets the operator may not read keeps its own listeners from being served, and no others', async () => {
  world = createOperatorWorld({ startMs: Date.parse('2026-05-01T12:00:00Z'), namespaces: ['shop', 'infra'] });
  world.put(customResourceDefinitions, routeDefinition('C'));
  await putHttps('shop');
  await putHttps('infra');
  const error = new AppError('KUBERNETES_FORBIDDEN', 'LIST secrets: 403', { source: 'kubernetes', retryable: false });
  world.cluster.fail({ verb: 'list', kind: 'Secret', namespace: 'infra', error, times: 1000 });
  const operator = await world.start();
  const certificatesOf = (namespace: string) =>
    Object.keys(operator.translations.table(`${namespace}/web`)?.table.certificates ?? {});
  expect(operator.notReady()).toEqual([]);
  expect(certificatesOf('shop')).toEqual(['shop/web-tls']);
  expect(certificatesOf('infra')).toEqual([]);
  const status = world.cluster.find(gateways, { namespace: 'infra', name: 'web' })?.['status'];
  expect(JSON.stringify(status)).toContain('grant it list and watch on Secrets in namespace infra');

  world.cluster.mend();
  await world.clock.advance(30_000);
  expect(certificatesOf('infra')).toEqual(['infra/web-tls']);
});

test('objects of a namespace that is not listed are not even read: they cost no event, no translation and no write', async () => {
  world = createOperatorWorld({ namespaces: ['shop'] });
  world.put(customResourceDefinitions, routeDefinition('C'), listenerSetDefinition, backendTlsDefinition);
  const operator = await world.start();
  const cost = () => [...operator.counters.watchEvents, ...operator.counters.translations];
  await world.settle();
  const before = cost();
  const inZoo = (apiVersion: string, kind: string, spec: object = {}) => ({
    apiVersion,
    kind,
    metadata: { namespace: 'zoo', name: 'web' },
    spec,
  });
  const gatewayApi = 'gateway.networking.k8s.io/v1';
  const parentRefs = [{ name: 'web', namespace: 'shop' }];
  const changes = await world.after(() => {
    world.put(gateways, gateway('zoo'));
    world.put(httpRoutes, inZoo(gatewayApi, 'HTTPRoute', { parentRefs }));
    world.put(listenerSets, inZoo(gatewayApi, 'ListenerSet', { parentRef: parentRefs[0] }));
    world.put(backendTlsPolicies, inZoo(gatewayApi, 'BackendTLSPolicy'));
    world.put(services, inZoo('v1', 'Service'));
    world.put(pods, elsewhere('zoo', pod({ name: 'web-a', of: 'web', app: 'web' })));
    world.put(endpointSlices, elsewhere('zoo', slice('web', ['web-a'])));
    world.put(configMaps, { ...inZoo('v1', 'ConfigMap'), data: {} });
    world.put(secrets, { ...inZoo('v1', 'Secret'), type: 'kubernetes.io/tls' });
  });
  expect(changes).toEqual({ writes: [], events: [] });
  expect(cost()).toEqual(before);
});

test('an operator that may not read a namespace at its start publishes nothing, names it, and continues within seconds of the grant', async () => {
  world = createOperatorWorld({ namespaces: ['shop', 'infra'] });
  world.putWorkload({ name: 'cart' });
  const error = new AppError('KUBERNETES_FORBIDDEN', 'LIST pods: 403', { source: 'kubernetes', retryable: false });
  world.cluster.fail({ verb: 'list', kind: 'Pod', namespace: 'infra', error, times: 1000 });
  const operator = world.create('operator-1');
  const started = operator.start();
  // Generating its keys takes real time.
  await eventually(
    () => operator.notReady(),
    (missing) => !missing.includes('certificate authority'),
  );
  await world.clock.advance(60_000);
  expect(operator.notReady()).toContain('caches (Pod in infra)');
  expect(operator.translations.latest()).toBeUndefined();
  world.cluster.mend();
  await world.clock.advance(2000);
  await started;
  await world.settle();
  expect(operator.notReady()).toEqual([]);
  expect(Object.keys(operator.translations.latest()?.translation.accepts ?? {})).toEqual(['shop/cart']);
});
