import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { AppError } from '../../src/platform/errors.ts';
import {
  deployment,
  elsewhere,
  gateway,
  grantDefinition,
  referenceGrant,
  routeDefinition,
  stickyWorkload,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import type { ShortWorkload } from '../support/world.ts';

const {
  customResourceDefinitions,
  deployments,
  gateways,
  httpRoutes,
  podDisruptionBudgets,
  serviceAccounts,
  services,
  stickyWorkloads,
} = resources;

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'), grantDefinition('v1beta1'));
  operator = await world.start();
});
afterEach(() => world.stop());

type Spec = NonNullable<ShortWorkload['spec']>;

/** A Deployment and its StickyWorkload. No two namespaces use the same name. */
function putWorkload(namespace: string, name: string, spec: Spec = {}, createdAt = '2026-01-01T00:00:00Z'): void {
  world.put(deployments, elsewhere(namespace, deployment(name)));
  world.put(stickyWorkloads, stickyWorkload({ name, namespace, spec, createdAt }));
}

const onWeb = (more: Spec['route'] = {}): Spec => ({
  route: { parentRefs: [{ name: 'web', namespace: 'infra' }], ...more },
});
const table = (key: string) => operator.translations.table(key)?.table;
const routesOf = (key: string) => table(key)?.routes.map(({ name }) => name);
const found = (resource: Resource, namespace: string, name: string): KubeObject | undefined =>
  world.cluster.find(resource, { namespace, name });

function conditionsOf(object: KubeObject | Record<string, unknown> | undefined): Record<string, string> {
  const holder: { conditions?: { type: string; status: string; reason: string }[] } | undefined =
    object?.['status'] ?? object;
  return Object.fromEntries(
    (holder?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
}

const verdictOn = (namespace: string, name: string, type: string): string | undefined =>
  conditionsOf(found(stickyWorkloads, namespace, name))[type];
const messageOn = (namespace: string, name: string, type: string): string =>
  (
    found(stickyWorkloads, namespace, name)?.['status'] as
      | { conditions: { type: string; message: string }[] }
      | undefined
  )?.conditions.find((one) => one.type === type)?.message ?? '';

/** Sets the proxy's pods ready, as the Deployment controller does. */
function runProxy(namespace: string, name: string): void {
  const object = found(deployments, namespace, name);
  if (object) world.put(deployments, { ...object, status: { readyReplicas: 2 } });
}

describe('a user-managed Gateway', () => {
  test('gets its proxy and its status before any route, and owns these objects', async () => {
    const changes = await world.after(() =>
      world.put(
        gateways,
        gateway('web', {
          infrastructure: { labels: { team: 'a', 'app.kubernetes.io/component': 'mine' }, annotations: { note: 'b' } },
        }),
      ),
    );
    const made = ['ServiceAccount', 'Deployment', 'Service', 'PodDisruptionBudget'].map(
      (kind) => `apply ${kind} infra/web-holdfast`,
    );
    // The second status has the cluster IP of the Service.
    const status = 'apply status of Gateway infra/web';
    expect(changes).toEqual({ writes: [...made, status, status], events: [] });
    for (const resource of [serviceAccounts, deployments, services, podDisruptionBudgets]) {
      expect(found(resource, 'infra', 'web-holdfast')?.metadata).toMatchObject({
        labels: {
          'gateway.networking.k8s.io/gateway-name': 'web',
          'gateway.networking.k8s.io/gateway-class-name': 'holdfast',
          'app.kubernetes.io/component': 'proxy',
          team: 'a',
        },
        annotations: { note: 'b' },
        ownerReferences: [{ kind: 'Gateway', name: 'web', controller: true }],
      });
    }
    expect(conditionsOf(found(gateways, 'infra', 'web'))).toEqual({
      Accepted: 'True Accepted',
      Programmed: 'False Pending',
    });
    await world.after(() => runProxy('infra', 'web-holdfast'));
    expect(conditionsOf(found(gateways, 'infra', 'web'))).toEqual({
      Accepted: 'True Accepted',
      Programmed: 'True Programmed',
    });
    expect(await world.after(() => undefined)).toEqual({ writes: [], events: [] });
  });

  test('serves several namespaces, none of which gets a Gateway or a proxy of its own', async () => {
    await world.after(() => {
      world.put(gateways, gateway('web'));
      putWorkload('shop', 'cart', onWeb({ hostnames: ['cart.example'] }));
      putWorkload('zoo', 'till', onWeb({ hostnames: ['till.example'] }));
    });
    runProxy('infra', 'web-holdfast');
    await world.settle();
    expect(routesOf('infra/web')).toEqual(['shop/cart#0', 'zoo/till#0']);
    expect(Object.keys(table('infra/web')?.backends ?? {})).toEqual(['shop/cart', 'zoo/till']);
    expect(world.cluster.all(deployments).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual(
      expect.not.arrayContaining(['shop/holdfast-holdfast', 'zoo/holdfast-holdfast']),
    );
    expect(verdictOn('shop', 'cart', 'Programmed')).toBe('True Programmed');
    expect(found(gateways, 'infra', 'web')?.['status']).toMatchObject({
      listeners: [{ name: 'http', attachedRoutes: 2 }],
    });
    const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web', namespace: 'infra' };
    expect(found(httpRoutes, 'zoo', 'till')).toMatchObject({
      spec: { parentRefs: [parentRef] },
      status: { parents: [{ parentRef, controllerName: 'holdfast.dev/gateway-controller' }] },
    });
  });

  test('with the default name serves the StickyWorkloads of its namespace that name no Gateway', async () => {
    world.put(
      gateways,
      elsewhere('shop', gateway('holdfast', { listeners: [{ name: 'plain', port: 8080, allowedRoutes: {} }] })),
    );
    await world.after(() => putWorkload('shop', 'cart'));
    expect(found(gateways, 'shop', 'holdfast')?.['spec']).toMatchObject({ listeners: [{ name: 'plain' }] });
    expect(table('shop/holdfast')?.listeners).toEqual([{ name: 'plain', protocol: 'HTTP', port: 8080 }]);
    expect(routesOf('shop/holdfast')).toEqual(['shop/cart#0']);
    expect(found(services, 'shop', 'holdfast-holdfast')?.['spec']).toMatchObject({
      ports: [{ name: 'port-8080', port: 8080, targetPort: 8080 }],
    });
  });

  test('serves its supported listeners, and each listener reports its state', async () => {
    const listeners = [
      { name: 'plain' },
      { name: 'tls', port: 443, protocol: 'TLS' },
      { name: 'metrics', port: 9090 },
      { name: 'one', port: 81 },
      { name: 'two', port: 81 },
    ];
    await world.after(() => {
      world.put(gateways, gateway('web', { listeners }));
      putWorkload('shop', 'cart', onWeb());
    });
    expect(table('infra/web')?.listeners.map(({ name }) => name)).toEqual(['plain', 'metrics', 'one']);
    expect(conditionsOf(found(gateways, 'infra', 'web'))).toMatchObject({ Accepted: 'True ListenersNotValid' });
    const status = found(gateways, 'infra', 'web')?.['status'] as {
      listeners: { name: string; attachedRoutes: number }[];
    };
    expect(status.listeners.map(({ attachedRoutes }) => attachedRoutes)).toEqual([1, 0, 1, 1, 1]);
    expect(
      status.listeners
        .map((listener) => conditionsOf(listener))
        .map(({ Accepted, Conflicted, Programmed }) => ({ Accepted, Conflicted, Programmed })),
    ).toEqual([
      { Accepted: 'True Accepted', Conflicted: 'False NoConflicts', Programmed: 'False Pending' },
      { Accepted: 'False UnsupportedProtocol', Conflicted: 'False NoConflicts', Programmed: 'False Invalid' },
      { Accepted: 'True Accepted', Conflicted: 'False NoConflicts', Programmed: 'False Pending' },
      { Accepted: 'True Accepted', Conflicted: 'False NoConflicts', Programmed: 'False Pending' },
      { Accepted: 'True Accepted', Conflicted: 'True HostnameConflict', Programmed: 'False Invalid' },
    ]);
  });

  test('keeps a running listener when one with the same port and hostname is added before it', async () => {
    const added = { name: 'added', port: 80 };
    const running = { name: 'running', port: 80 };
    await world.after(() => world.put(gateways, gateway('web', { listeners: [running] })));
    const status = found(gateways, 'infra', 'web')?.['status'];
    await world.after(() => world.put(gateways, { ...gateway('web', { listeners: [added, running] }), status }));
    expect(table('infra/web')?.listeners.map(({ name }) => name)).toEqual(['running']);
  });

  test('of another controller is ignored', async () => {
    const changes = await world.after(() => world.put(gateways, gateway('web', { className: 'theirs' })));
    expect(changes).toEqual({ writes: [], events: [] });
    expect(table('infra/web')).toBeUndefined();
  });

  test('whose proxy name belongs to another owner overwrites nothing, and Gateway and StickyWorkload report the conflict', async () => {
    world.put(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'infra', name: 'web-holdfast' },
      spec: { externalName: 'theirs.example.com', type: 'ExternalName' },
    });
    const theirs = found(services, 'infra', 'web-holdfast');
    await world.after(() => {
      world.put(gateways, gateway('web'));
      putWorkload('shop', 'cart', onWeb());
    });
    expect(found(services, 'infra', 'web-holdfast')).toEqual(theirs);
    expect(conditionsOf(found(gateways, 'infra', 'web'))['Programmed']).toBe('False Invalid');
    expect(verdictOn('shop', 'cart', 'Programmed')).toBe('False GatewayConflict');
  });
});

describe('a Gateway that does not accept the route', () => {
  const selector = {
    namespaces: {
      from: 'Selector',
      selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] },
    },
  };
  const rows: { sentence: string; given?: KubeObject; route?: Spec['route']; reason: string; message: string }[] = [
    {
      sentence: 'it does not exist',
      reason: 'GatewayNotFound',
      message: 'Gateway infra/web does not exist: create it, or name an existing one',
    },
    {
      sentence: 'it has a class of another controller',
      given: gateway('web', { className: 'theirs' }),
      reason: 'UnsupportedGatewayClass',
      message: '(GatewayClass theirs)',
    },
    {
      sentence: 'it accepts routes of its own namespace only',
      given: gateway('web', { listeners: [{ name: 'http', allowedRoutes: {} }] }),
      reason: 'NotAllowedByListeners',
      message: 'allows no HTTPRoute of namespace shop',
    },
    {
      sentence: 'it accepts routes of another kind only',
      given: gateway('web', {
        listeners: [{ name: 'http', allowedRoutes: { namespaces: { from: 'All' }, kinds: [{ kind: 'GRPCRoute' }] } }],
      }),
      reason: 'NotAllowedByListeners',
      message: 'allow the kind and the namespace in allowedRoutes',
    },
    {
      sentence: 'its selector does not match the namespace',
      given: gateway('web', { listeners: [{ name: 'http', allowedRoutes: selector }] }),
      reason: 'NotAllowedByListeners',
      message: 'allow the kind and the namespace in allowedRoutes',
    },
    {
      sentence: 'it serves other hosts',
      given: gateway('web', { listeners: [{ name: 'http', hostname: '*.other.example' }] }),
      route: { hostnames: ['cart.example'] },
      reason: 'NoMatchingListenerHostname',
      message: 'serves *.other.example',
    },
    {
      sentence: 'it has no listener of the name',
      given: gateway('web'),
      route: { parentRefs: [{ name: 'web', namespace: 'infra', sectionName: 'tls' }] },
      reason: 'NoMatchingParent',
      message: 'has no listener with the name tls: use what an existing listener has, or remove sectionName.',
    },
    {
      sentence: 'its only listener is not supported',
      given: gateway('web', { listeners: [{ name: 'tls', protocol: 'TLS', port: 443 }] }),
      reason: 'NotAllowedByListeners',
      message: 'protocol TLS is not supported, use HTTP or HTTPS',
    },
  ];
  test.each(rows)(
    'results in $reason with instructions and no objects if $sentence',
    async ({ given, route, reason, message }) => {
      if (given) world.put(gateways, given);
      await world.settle();
      world.takeChanges();
      const changes = await world.after(() => putWorkload('shop', 'cart', onWeb(route)));
      expect(verdictOn('shop', 'cart', 'Accepted')).toBe(`False ${reason}`);
      expect(messageOn('shop', 'cart', 'Accepted')).toContain(message);
      expect(changes).toEqual({
        writes: ['apply MutatingWebhookConfiguration holdfast', 'apply status of StickyWorkload shop/cart'],
        events: [`Warning ${reason} cart`],
      });
    },
  );

  test('does not prevent a second Gateway from serving, and the status reports what is missing', async () => {
    await world.after(() => {
      world.put(gateways, gateway('web'));
      putWorkload('shop', 'cart', {
        route: { parentRefs: [{ name: 'missing' }, { name: 'web', namespace: 'infra' }] },
      });
    });
    expect(routesOf('infra/web')).toEqual(['shop/cart#0']);
    expect(verdictOn('shop', 'cart', 'Accepted')).toBe('True Accepted');
    expect(verdictOn('shop', 'cart', 'Programmed')).toBe('False GatewayNotFound');
    expect(messageOn('shop', 'cart', 'Programmed')).toBe(
      'spec.route.parentRefs: Gateway shop/missing does not exist: create it, or name an existing one. The rest of the route is served.',
    );
    expect(found(httpRoutes, 'shop', 'cart')?.['spec']).toMatchObject({ parentRefs: [{ name: 'web' }] });
  });

  test('accepts it once its owner labels the namespace, without a restart', async () => {
    world.put(gateways, gateway('web', { listeners: [{ name: 'http', allowedRoutes: selector }] }));
    world.put(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await world.after(() => putWorkload('shop', 'cart', onWeb()));
    expect(routesOf('infra/web')).toEqual([]);
    await world.after(() =>
      world.put(resources.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', labels: { team: 'b' } },
      }),
    );
    expect(routesOf('infra/web')).toEqual(['shop/cart#0']);
    expect(verdictOn('shop', 'cart', 'Accepted')).toBe('True Accepted');
  });

  test('loses the route and its keys from its table when the label is removed', async () => {
    await world.after(() => {
      world.put(gateways, gateway('web'));
      putWorkload('shop', 'cart', onWeb());
    });
    await world.after(() => world.put(gateways, gateway('web', { listeners: [{ name: 'http', allowedRoutes: {} }] })));
    expect(table('infra/web')).toMatchObject({ routes: [], backends: {} });
    expect(found(httpRoutes, 'shop', 'cart')?.['status']).toMatchObject({
      parents: [{ conditions: [{ type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners' }, {}] }],
    });
  });

  test('cannot be used without Gateway API: the StickyWorkload is rejected, with both solutions', async () => {
    await world.after(() =>
      world.cluster.remove(customResourceDefinitions, { name: 'httproutes.gateway.networking.k8s.io' }),
    );
    await world.after(() => putWorkload('shop', 'cart', onWeb()));
    expect(verdictOn('shop', 'cart', 'Accepted')).toBe('False GatewayAPIMissing');
    expect(messageOn('shop', 'cart', 'Accepted')).toContain(
      'Install its CRDs (https://gateway-api.sigs.k8s.io/guides/), or remove parentRefs',
    );
  });
});

describe('backends', () => {
  const canary = (...backends: { name: string; namespace?: string; weight: number }[]): Spec => ({
    route: { hostnames: ['cart.example'], backends },
  });
  const refs = () => table('shop/holdfast')?.routes.find(({ name }) => name === 'shop/cart#0')?.backendRefs;
  const keysIn = (key: string) => Object.keys(table(key)?.backends ?? {});

  test('of the same namespace share the route by weight, also at weight 0', async () => {
    await world.after(() => {
      putWorkload('shop', 'next', { route: { hostnames: ['next.example'] } });
      putWorkload('shop', 'cart', canary({ name: 'cart', weight: 90 }, { name: 'next', weight: 0 }));
    });
    expect(refs()).toEqual([
      { backend: 'shop/cart', weight: 90 },
      { backend: 'shop/next', weight: 0 },
    ]);
    expect(found(httpRoutes, 'shop', 'cart')?.['spec']).toMatchObject({
      rules: [
        {
          backendRefs: [
            { name: 'cart', port: 80, weight: 90 },
            { name: 'next', port: 80, weight: 0 },
          ],
        },
      ],
    });
  });

  test('of another namespace need its ReferenceGrant, while the others are served', async () => {
    await world.after(() => {
      putWorkload('zoo', 'next', { service: { port: 8080 } });
      putWorkload('shop', 'cart', canary({ name: 'cart', weight: 9 }, { name: 'next', namespace: 'zoo', weight: 1 }));
    });
    runProxy('shop', 'holdfast-holdfast');
    await world.settle();
    expect(refs()).toEqual([{ backend: 'shop/cart', weight: 9 }, { weight: 1 }]);
    expect(keysIn('shop/holdfast')).toEqual(['shop/cart']);
    expect(verdictOn('shop', 'cart', 'Programmed')).toBe('False RefNotPermitted');
    expect(messageOn('shop', 'cart', 'Programmed')).toContain(
      'no ReferenceGrant in namespace zoo permits HTTPRoutes of namespace shop to refer to Service next',
    );
    expect(found(httpRoutes, 'shop', 'cart')?.['status']).toMatchObject({
      parents: [
        {
          conditions: [
            { type: 'Accepted', status: 'True' },
            { type: 'ResolvedRefs', status: 'False', reason: 'RefNotPermitted' },
          ],
        },
      ],
    });

    await world.after(() => world.put(resources.referenceGrants.v1beta1, referenceGrant('zoo', 'shop')));
    expect(refs()).toEqual([
      { backend: 'shop/cart', weight: 9 },
      { backend: 'zoo/next', weight: 1 },
    ]);
    expect(keysIn('shop/holdfast')).toEqual(['shop/cart', 'zoo/next']);
    expect(verdictOn('shop', 'cart', 'Programmed')).toBe('True Programmed');
    expect(found(httpRoutes, 'shop', 'cart')?.['spec']).toMatchObject({
      rules: [{ backendRefs: [{ name: 'cart' }, { name: 'next', namespace: 'zoo', port: 8080 }] }],
    });
    // The proxy of zoo serves only next, and cannot forge a token of cart.
    expect(keysIn('zoo/holdfast')).toEqual(['zoo/next']);

    await world.after(() =>
      world.cluster.remove(resources.referenceGrants.v1beta1, { namespace: 'zoo', name: 'from-shop' }),
    );
    expect(keysIn('shop/holdfast')).toEqual(['shop/cart']);
  });

  test('of another namespace lose a grant that is deleted in another version, which is served since', async () => {
    await world.after(() => {
      putWorkload('zoo', 'next');
      putWorkload('shop', 'cart', canary({ name: 'cart', weight: 9 }, { name: 'next', namespace: 'zoo', weight: 1 }));
      world.put(resources.referenceGrants.v1beta1, referenceGrant('zoo', 'shop'));
    });
    await world.after(() => world.put(customResourceDefinitions, grantDefinition('v1')));
    expect(refs()).toHaveLength(2);
    const error = new AppError('KUBERNETES_NOT_FOUND', 'not served', { source: 'kubernetes', retryable: false });
    for (const verb of ['list', 'watch'] as const) {
      world.cluster.fail({ verb, kind: 'ReferenceGrant', version: 'v1beta1', error, times: Infinity });
    }
    await world.after(() => world.cluster.endWatches());
    world.cluster.remove(resources.referenceGrants.v1, { namespace: 'zoo', name: 'from-shop' });
    await world.clock.advance(2000);
    expect(refs()).toEqual([{ backend: 'shop/cart', weight: 9 }, { weight: 1 }]);
  });

  test('of another namespace are served by an operator that starts later, because it reads grants before its first verdict', async () => {
    await world.after(() => {
      putWorkload('zoo', 'next');
      putWorkload('shop', 'cart', canary({ name: 'cart', weight: 9 }, { name: 'next', namespace: 'zoo', weight: 1 }));
      world.put(resources.referenceGrants.v1beta1, referenceGrant('zoo', 'shop'));
    });
    await world.stop();
    world.takeChanges();
    operator = await world.start('operator-2');
    expect(refs()).toHaveLength(2);
    expect(world.takeChanges().events).toEqual([]);
  });

  const external: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'next' },
    spec: { type: 'ExternalName', externalName: 'next.example' },
  };
  const rows: { sentence: string; given: () => void; reason: string; message: string }[] = [
    {
      sentence: 'that do not exist',
      given: () => undefined,
      reason: 'BackendNotFound',
      message: 'StickyWorkload next does not exist in namespace shop: create it',
    },
    {
      sentence: 'that are ExternalName Services',
      given: () => world.put(services, external),
      reason: 'ExternalNameService',
      message: 'Service shop/next is an ExternalName Service',
    },
    {
      sentence: 'whose Service is an ExternalName Service',
      given: () => {
        world.put(services, external);
        putWorkload('shop', 'next');
      },
      reason: 'ExternalNameService',
      message: 'which has no pods',
    },
    {
      sentence: 'that are not accepted',
      given: () => putWorkload('shop', 'next', { replicas: 1 }),
      reason: 'BackendNotAccepted',
      message: 'StickyWorkload shop/next is not accepted',
    },
  ];
  test.each(rows)(
    '$sentence result in $reason, and keep their share of the requests',
    async ({ given, reason, message }) => {
      given();
      await world.after(() =>
        putWorkload('shop', 'cart', canary({ name: 'cart', weight: 1 }, { name: 'next', weight: 1 })),
      );
      expect(refs()).toEqual([{ backend: 'shop/cart', weight: 1 }, { weight: 1 }]);
      expect(verdictOn('shop', 'cart', 'Accepted')).toBe('True Accepted');
      expect(verdictOn('shop', 'cart', 'Programmed')).toBe(`False ${reason}`);
      expect(messageOn('shop', 'cart', 'Programmed')).toContain(message);
      expect(messageOn('shop', 'cart', 'Programmed')).toContain('Their share of the requests gets 500.');
    },
  );

  test('that are all deleted keep their route, so that its requests reach no other application', async () => {
    await world.after(() => putWorkload('shop', 'cart', canary({ name: 'next', weight: 1 })));
    expect(refs()).toEqual([{ weight: 1 }]);
    expect(messageOn('shop', 'cart', 'Programmed')).toContain('Their share of the requests gets 500.');
  });
});

test('the younger of two StickyWorkloads with the same cookie and hosts on one Gateway is rejected, in any namespace, until the older is deleted', async () => {
  const same = { ...onWeb(), sessionPersistence: { cookie: { name: 'S' } } };
  await world.after(() => {
    world.put(gateways, gateway('web'));
    putWorkload('shop', 'cart', same);
    putWorkload('zoo', 'till', same, '2026-02-01T00:00:00Z');
  });
  expect(verdictOn('zoo', 'till', 'Accepted')).toBe('False CookieConflict');
  expect(messageOn('zoo', 'till', 'Accepted')).toContain('StickyWorkload shop/cart is older');
  await world.after(() => world.cluster.remove(stickyWorkloads, { namespace: 'shop', name: 'cart' }));
  expect(verdictOn('zoo', 'till', 'Accepted')).toBe('True Accepted');
});
