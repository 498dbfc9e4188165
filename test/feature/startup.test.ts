/** A replica that starts while not everything can be read: what is unknown must not look as if there were none. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import { createOperatorAdmin } from '../../src/operator/admin/app.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { listenAdmin } from '../../src/platform/admin.ts';
import { AppError } from '../../src/platform/errors.ts';
import { createAuthority } from '../support/authority.ts';
import { createCertificate, type PemPair } from '../support/certificates.ts';
import {
  backendTlsDefinition,
  gateway,
  grantDefinition,
  grpcRouteDefinition,
  listenerSetDefinition,
  routeDefinition,
  trafficPolicyDefinition,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

const { backendTlsPolicies, configMaps, customResourceDefinitions, gateways, httpRoutes, secrets, services } =
  resources;

const namespace = 'infra';
let ca: string;
let pair: PemPair;
beforeAll(async () => {
  ca = (await createAuthority()).certPem;
  pair = await createCertificate();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const parts: [Parameters<OperatorWorld['put']>[0], KubeObject][] = [
  [
    services,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: 'pay', uid: 'uid-of-pay' },
      spec: { ports: [{ name: 'web', port: 443 }] },
    },
  ],
  [
    gateways,
    gateway('web', {
      listeners: [
        { name: 'http' },
        { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'web-tls' }] } },
      ],
    }),
  ],
  [
    httpRoutes,
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { namespace, name: 'pay', uid: 'uid-of-route', generation: 1 },
      spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'pay', port: 443 }] }] },
    },
  ],
  [
    backendTlsPolicies,
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { namespace, name: 'pay', uid: 'uid-of-policy', generation: 1 },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'pay' }],
        validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }], hostname: 'pay.internal' },
      },
    },
  ],
];

let world: OperatorWorld;
/** Of lists that are held. */
let release = () => {};
beforeEach(async () => {
  world = createOperatorWorld({ startMs: Date.parse('2026-05-01T12:00:00Z') });
  world.put(
    customResourceDefinitions,
    routeDefinition('C'),
    backendTlsDefinition,
    listenerSetDefinition,
    grpcRouteDefinition,
    trafficPolicyDefinition,
    grantDefinition('v1'),
  );
  for (const [resource, object] of parts) world.put(resource, object);
  world.put(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'ca' },
    data: { 'ca.crt': ca },
  });
  world.put(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'web-tls' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(pair.chain), 'tls.key': base64(pair.key) },
  });
  await world.start();
  world.takeChanges();
});
afterEach(async () => {
  release();
  await world.stop();
});

const failure = (code: 'KUBERNETES_UNAVAILABLE' | 'KUBERNETES_FORBIDDEN' | 'KUBERNETES_NOT_FOUND') =>
  new AppError(code, 'LIST: failed by the test', {
    source: 'kubernetes',
    retryable: code === 'KUBERNETES_UNAVAILABLE',
  });

/** Starts a replica after all others have stopped, and lets a minute pass. */
async function restart(): Promise<{ operator: Operator; ready: () => Promise<void> }> {
  await world.stop();
  world.takeChanges();
  const operator = world.create('operator-2');
  const starting = operator.start();
  await world.clock.advance(60_000);
  return {
    operator,
    ready: async () => {
      await starting;
      await world.settle();
    },
  };
}

const tableOf = (operator: Operator) => operator.translations.table('infra/web')?.table;

function expectWhole(operator: Operator): void {
  const table = tableOf(operator);
  expect(table?.routes).toHaveLength(1);
  expect(table?.backends['infra/pay:443']?.tls).toEqual({ serverName: 'pay.internal', authorities: ca });
  expect(table?.listeners.map(({ name }) => name).toSorted()).toEqual(['http', 'https']);
}

async function readyz(operator: Operator): Promise<string> {
  const admin = await listenAdmin(
    createOperatorAdmin(operator, world.clock, { uncaughtException: 0, unhandledRejection: 0 }),
    0,
  );
  const page = await (await fetch(`http://127.0.0.1:${admin.port}/readyz`)).text();
  await admin.close();
  return page;
}

const kinds = [
  'GatewayClass',
  'Gateway',
  'HTTPRoute',
  'GRPCRoute',
  'BackendTLSPolicy',
  'ConfigMap',
  'Secret',
  'ListenerSet',
  'ReferenceGrant',
  'XBackendTrafficPolicy',
];

describe.each(kinds)('a replica that starts while the list of kind %s', (kind) => {
  test('takes long publishes no table and writes nothing until it has the list, and says what it waits for', async () => {
    release = world.cluster.holdLists(kind);
    const { operator, ready } = await restart();
    expect(tableOf(operator)).toBeUndefined();
    expect(operator.isLeader()).toBe(false);
    expect(world.takeChanges()).toEqual({ writes: [], events: [] });
    expect(await readyz(operator)).toMatch(new RegExp(String.raw`caches \(${kind}\b`));
    expect(JSON.stringify(world.logger.lines())).toMatch(new RegExp(`"warn".*"unread":\\[[^\\]]*"${kind}"`));
    release();
    await ready();
    expectWhole(operator);
  });

  test('fails does so as well, for as long as it does', async () => {
    world.cluster.fail({ verb: 'list', kind, error: failure('KUBERNETES_UNAVAILABLE'), times: 1000 });
    const { operator, ready } = await restart();
    expect(tableOf(operator)).toBeUndefined();
    expect(world.takeChanges()).toEqual({ writes: [], events: [] });
    expect(await readyz(operator)).toMatch(new RegExp(String.raw`caches \(${kind}\b`));
    world.cluster.mend();
    await world.clock.advance(30_000);
    await ready();
    expectWhole(operator);
  });
});

test.each([
  ['a right', 'HTTPRoute', 'KUBERNETES_FORBIDDEN'],
  ['a kind', 'HoldfastProxy', 'KUBERNETES_NOT_FOUND'],
] as const)('%s that every installation needs is waited for as well', async (_, kind, code) => {
  world.cluster.fail({ verb: 'list', kind, error: failure(code), times: 1000 });
  const { operator, ready } = await restart();
  expect(tableOf(operator)).toBeUndefined();
  expect(operator.notReady()).toContain(`caches (${kind})`);
  world.cluster.mend();
  await world.clock.advance(2000);
  await ready();
  expectWhole(operator);
});

const statusOfGateway = () => JSON.stringify(world.cluster.find(gateways, { namespace, name: 'web' })?.['status']);

test('a replica without the right to read certificates serves everything else at once, and the rest when it gets the right', async () => {
  await world.stop();
  const refusal = { verb: 'list', kind: 'Secret', namespace: '', error: failure('KUBERNETES_FORBIDDEN') } as const;
  world.cluster.fail({ ...refusal, times: 1000 });
  const operator = await world.start('operator-2');
  expect(operator.notReady()).toEqual([]);
  expect(tableOf(operator)?.listeners.map(({ name }) => name)).toEqual(['http']);
  expect(tableOf(operator)?.routes).toHaveLength(1);
  expect(statusOfGateway()).toContain('the operator cannot read Secret infra/web-tls');
  world.cluster.mend();
  await world.clock.advance(30_000);
  expectWhole(operator);
});

test('a replica that loses the right to read certificates keeps those that it has read', async () => {
  await world.stop();
  const operator = await world.start('operator-2');
  world.cluster.fail({ verb: 'watch', kind: 'Secret', error: failure('KUBERNETES_FORBIDDEN'), times: 10 });
  world.cluster.endWatches();
  await world.clock.advance(10_000);
  expectWhole(operator);
});

test('a kind of which only the definition is installed is not waited for', async () => {
  await world.stop();
  world.cluster.fail({
    verb: 'list',
    kind: 'BackendTLSPolicy',
    error: failure('KUBERNETES_NOT_FOUND'),
    times: 1000,
  });
  const operator = await world.start('operator-2');
  expect(tableOf(operator)?.routes).toHaveLength(1);
  world.cluster.mend();
  await world.clock.advance(2000);
  expectWhole(operator);
});
