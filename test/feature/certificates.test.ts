import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import { customResourceDefinitions, gateways, referenceGrants, secrets, services } from '../../src/kube/resources.ts';
import { createOperatorAdmin } from '../../src/operator/admin/app.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { listenAdmin } from '../../src/platform/admin.ts';
import { createCertificate, type PemPair } from '../support/certificates.ts';
import { gateway, grantDefinition, referenceGrant, routeDefinition } from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  world = createOperatorWorld({ startMs: Date.parse('2026-05-01T12:00:00Z') });
  world.put(customResourceDefinitions, routeDefinition('C'));
});
afterEach(() => world.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const tlsSecret = ({ chain, key }: PemPair): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'infra', name: 'web-tls' },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': base64(chain), 'tls.key': base64(key) },
});
const web = () => {
  const tls = { certificateRefs: [{ name: 'web-tls' }] };
  return gateway('web', { listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls }] });
};

const tableOf = (key: string) => operator.translations.table(key)?.table;
function condition(type: string): { status: string; reason: string; message: string } | undefined {
  const { listeners = [] } = (world.cluster.find(gateways, { namespace: 'infra', name: 'web' })?.['status'] ?? {}) as {
    listeners?: { conditions: { type: string; status: string; reason: string; message: string }[] }[];
  };
  return listeners[0]?.conditions.find((one) => one.type === type);
}

test('an HTTPS listener waits for its Secret, and follows its renewal and its deletion', async () => {
  operator = await world.start();
  await world.after(() => world.put(gateways, web()));
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'False', reason: 'InvalidCertificateRef' });
  expect(tableOf('infra/web')?.listeners).toEqual([]);

  const [first, renewed] = [await createCertificate(), await createCertificate()];
  await world.after(() => world.put(secrets, tlsSecret(first)));
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'True' });
  expect(tableOf('infra/web')).toMatchObject({
    listeners: [{ name: 'https', protocol: 'HTTPS', port: 443, certificates: ['infra/web-tls'] }],
    certificates: { 'infra/web-tls': first },
  });

  await world.after(() => world.put(secrets, tlsSecret(renewed)));
  expect(tableOf('infra/web')?.certificates).toEqual({ 'infra/web-tls': renewed });

  await world.after(() => world.cluster.remove(secrets, { namespace: 'infra', name: 'web-tls' }));
  expect(condition('Programmed')).toMatchObject({ status: 'False', reason: 'Invalid' });
  expect(tableOf('infra/web')?.certificates).toBeUndefined();
});

test('a certificate of another namespace follows its ReferenceGrant', async () => {
  const elsewhere = { namespace: 'certificates', name: 'web-tls' };
  const { spec, ...object } = web();
  const [listener] = (spec as { listeners: object[] }).listeners;
  const tls = { certificateRefs: [elsewhere] };
  world.put(customResourceDefinitions, grantDefinition('v1beta1'));
  world.put(secrets, { ...tlsSecret(await createCertificate()), metadata: elsewhere });
  world.put(gateways, { ...object, spec: { ...(spec as object), listeners: [{ ...listener, tls }] } });
  operator = await world.start();
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'False', reason: 'RefNotPermitted' });

  const grant = referenceGrant('certificates', 'infra');
  const from = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'infra' }];
  const permit = { ...grant, spec: { from, to: [{ group: '', kind: 'Secret' }] } };
  await world.after(() => world.put(referenceGrants.v1beta1, permit));
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'True' });
  expect(tableOf('infra/web')?.certificates).toHaveProperty(['certificates/web-tls']);

  await world.after(() => world.cluster.remove(referenceGrants.v1beta1, grant.metadata));
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'False', reason: 'RefNotPermitted' });
  expect(tableOf('infra/web')?.certificates).toBeUndefined();
});

test('a port keeps its place in the Service while its certificate is missing', async () => {
  const [https] = (web()['spec'] as { listeners: object[] }).listeners;
  const plain = { name: 'http', port: 80, protocol: 'HTTP' };
  const object = gateway('web', { listeners: [plain] });
  world.put(secrets, tlsSecret(await createCertificate()));
  world.put(gateways, { ...object, spec: { ...(object['spec'] as object), listeners: [plain, https] } });
  operator = await world.start();
  const ports = () => {
    const service = world.cluster.find(services, { namespace: 'infra', name: 'web-holdfast' });
    const spec = service?.['spec'] as { ports: { port: number }[] } | undefined;
    return spec?.ports.map(({ port }) => port);
  };
  expect(ports()).toEqual([80, 443]);
  await world.after(() => world.cluster.remove(secrets, { namespace: 'infra', name: 'web-tls' }));
  expect(tableOf('infra/web')?.listeners.map(({ name }) => name)).toEqual(['http']);
  expect(ports()).toEqual([80, 443]);
});

test('a certificate that expires is reported when it does, and is still presented', async () => {
  const notAfter = new Date('2026-05-01T12:01:00Z');
  world.put(secrets, tlsSecret(await createCertificate({ notAfter })));
  world.put(gateways, web());
  operator = await world.start();
  expect(condition('ResolvedRefs')?.message).not.toContain('expired');
  await world.clock.advance(62_000);
  expect(condition('ResolvedRefs')).toMatchObject({ status: 'True' });
  expect(condition('ResolvedRefs')?.message).toContain(
    'The certificate of Secret infra/web-tls expired at 2026-05-01T12:01:00Z',
  );
  expect(tableOf('infra/web')?.certificates).toHaveProperty(['infra/web-tls']);
});

test('the end of each certificate is a metric, and is gone with the certificate', async () => {
  const notAfter = new Date('2026-06-01T00:00:00Z');
  world.put(secrets, tlsSecret(await createCertificate({ notAfter })));
  world.put(gateways, web());
  operator = await world.start();
  const series = async () => {
    const app = createOperatorAdmin(operator, world.clock, { uncaughtException: 0, unhandledRejection: 0 });
    const admin = await listenAdmin(app, 0);
    const page = await (await fetch(`http://127.0.0.1:${admin.port}/metrics`)).text();
    await admin.close();
    return page.split('\n').filter((line) => line.startsWith('holdfast_certificate_'));
  };
  expect(await series()).toEqual([
    `holdfast_certificate_not_after_timestamp_seconds{namespace="infra",gateway="web",listener="https",secret="infra/web-tls"} ${notAfter.getTime() / 1000}`,
  ]);
  await world.after(() => world.cluster.remove(secrets, { namespace: 'infra', name: 'web-tls' }));
  expect(await series()).toEqual([]);
});
