/** Gateways that demand certificates of clients: what proxies are told, and what their owners are told. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import { configMaps, customResourceDefinitions, gateways, referenceGrants, secrets } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { createAuthority } from '../support/authority.ts';
import { createCertificate } from '../support/certificates.ts';
import {
  backendTlsDefinition,
  gateway,
  grantDefinition,
  referenceGrant,
  routeDefinition,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'), backendTlsDefinition, grantDefinition('v1beta1'));
  const { chain, key } = await createCertificate();
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  world.put(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'infra', name: 'web-tls' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(chain), 'tls.key': base64(key) },
  });
  operator = await world.start();
});
afterEach(() => world.stop());

const web = (ca: object, mode = 'AllowValidOnly'): KubeObject => {
  const tls = { certificateRefs: [{ name: 'web-tls' }] };
  const object = gateway('web', { listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls }] });
  const validation = { mode, caCertificateRefs: [{ group: '', kind: 'ConfigMap', ...ca }] };
  return { ...object, spec: { ...(object['spec'] as object), tls: { frontend: { default: { validation } } } } };
};
const configMap = (namespace: string, pem: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name: 'clients' },
  data: { 'ca.crt': pem },
});

type Condition = { type: string; status: string; reason: string };
type Status = { conditions: Condition[]; listeners: { conditions: Condition[] }[] };

const status = () => world.cluster.find(gateways, { namespace: 'infra', name: 'web' })?.['status'] as Status;
const ofListener = (type: string) => status().listeners[0]?.conditions.find((one) => one.type === type)?.reason;
const demanded = () =>
  operator.translations
    .table('infra/web')
    ?.table.listeners.map((one) => (one.protocol === 'HTTPS' ? one.clientCertificates : undefined));

test('a listener follows the ConfigMap with the authorities of its clients', async () => {
  const [first, next] = [(await createAuthority()).certPem, (await createAuthority()).certPem];
  await world.after(() => world.put(gateways, web({ name: 'clients' })));
  expect([ofListener('Accepted'), ofListener('ResolvedRefs')]).toEqual([
    'NoValidCACertificate',
    'InvalidCACertificateRef',
  ]);
  expect(demanded()).toEqual([]);

  await world.after(() => world.put(configMaps, configMap('infra', first)));
  expect([ofListener('Accepted'), ofListener('ResolvedRefs')]).toEqual(['Accepted', 'ResolvedRefs']);
  expect(demanded()).toEqual([{ mode: 'Required', authorities: first }]);

  await world.after(() => world.put(configMaps, configMap('infra', next)));
  expect(demanded()).toEqual([{ mode: 'Required', authorities: next }]);

  await world.after(() => world.cluster.remove(configMaps, { namespace: 'infra', name: 'clients' }));
  expect(demanded()).toEqual([]);
});

test('a ConfigMap of another namespace is used while a ReferenceGrant permits it', async () => {
  const { certPem } = await createAuthority();
  world.put(configMaps, configMap('trust', certPem));
  await world.after(() => world.put(gateways, web({ name: 'clients', namespace: 'trust' })));
  expect(ofListener('ResolvedRefs')).toBe('RefNotPermitted');

  const grant = referenceGrant('trust', 'infra');
  const from = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'infra' }];
  const permit = { ...grant, spec: { from, to: [{ group: '', kind: 'ConfigMap' }] } };
  await world.after(() => world.put(referenceGrants.v1beta1, permit));
  expect(ofListener('ResolvedRefs')).toBe('ResolvedRefs');
  expect(demanded()).toEqual([{ mode: 'Required', authorities: certPem }]);

  await world.after(() => world.cluster.remove(configMaps, { namespace: 'trust', name: 'clients' }));
  expect(ofListener('ResolvedRefs')).toBe('InvalidCACertificateRef');
  await world.after(() => world.cluster.remove(referenceGrants.v1beta1, grant.metadata));
  expect(ofListener('ResolvedRefs')).toBe('RefNotPermitted');
});

test('a Gateway reports that clients without a certificate are let in, as long as they are', async () => {
  const insecure = () => status().conditions.find(({ type }) => type === 'InsecureFrontendValidationMode');
  world.put(configMaps, configMap('infra', (await createAuthority()).certPem));
  await world.after(() => {
    world.put(gateways, web({ name: 'clients' }, 'AllowInsecureFallback'));
  });
  expect(insecure()).toMatchObject({ status: 'True', reason: 'ConfigurationChanged' });
  expect(demanded()).toEqual([expect.objectContaining({ mode: 'Optional' })]);
  await world.after(() => world.put(gateways, web({ name: 'clients' })));
  expect(insecure()).toBeUndefined();
});
