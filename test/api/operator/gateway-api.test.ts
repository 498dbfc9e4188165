import { expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import {
  apply,
  createNamespace,
  deployment,
  gatewayApiFolder,
  installOperator,
  stickyWorkload,
  untilGone,
  untilReason,
  untilThere,
} from '../../support/api-world.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { conditionOf, getObject, listObjects } from '../../support/objects.ts';
import { describeRights } from './rights.ts';

const namespace = 'gateway-api';

/** The proxy's pods never run here; the test writes the status that a kubelet would report. */
async function runProxy(): Promise<void> {
  const status = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }],
  };
  for (const { metadata } of await listObjects('pods', namespace, 'app.kubernetes.io/component=proxy')) {
    await kubectl(
      'patch',
      'pod',
      metadata.name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    );
  }
}

/**
 * A policy of Gateway API forbids this step, and must be removed first. Then only the definitions are applied: the folder
 * has the policy too, and would restore it while the API server still evaluates the old one.
 */
async function upgradeToExperimental(): Promise<void> {
  const policy = 'safe-upgrades.gateway.networking.k8s.io';
  await kubectl('delete', `validatingadmissionpolicybinding/${policy}`, `validatingadmissionpolicy/${policy}`);
  const files = ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes'].flatMap((plural) => [
    '-f',
    `${gatewayApiFolder('experimental')}/gateway.networking.k8s.io_${plural}.yaml`,
  ]);
  await until('the experimental channel installed', () => kubectl('apply', '--server-side', ...files));
}

describeWithApi('The installation of Gateway API', () => {
  const operator = installOperator(namespace, async () => {
    await apply(deployment(namespace, 'cart'));
    await apply(stickyWorkload(namespace, 'cart'));
    await untilThere('deployment', 'holdfast-holdfast', namespace);
  });

  const untilProgrammed = (reason: string) =>
    until(`Programmed ${reason}`, async () => {
      await runProxy();
      const condition = conditionOf(await getObject('stickyworkload', 'cart', namespace), 'Programmed');
      return condition?.reason === reason ? condition : undefined;
    });

  test('without it the proxy still serves, and the condition reports what is missing and how to install it', async () => {
    const condition = await untilProgrammed('GatewayAPIMissing');
    expect(condition.status).toBe('True');
    expect(condition.message).toContain('install the CRDs');
    expect(operator().translations.table(`${namespace}/holdfast`)?.table.routes).toHaveLength(1);
  });

  test('with the standard channel the route is created without a restart and without the field, and the condition reports it', async () => {
    await kubectl('apply', '--server-side', '-f', gatewayApiFolder('standard'));
    const route = await untilThere('httproute', 'cart', namespace);
    expect(JSON.stringify(route.spec)).not.toContain('sessionPersistence');
    expect((await untilProgrammed('SessionPersistenceFieldMissing')).message).toContain('experimental channel');
  }, 120_000);

  test('with the experimental channel the route has the session persistence, and every object has its status', async () => {
    await upgradeToExperimental();
    const route = await until('the route with session persistence', async () => {
      const found = await getObject('httproute', 'cart', namespace);
      return JSON.stringify(found?.spec ?? {}).includes('sessionPersistence') ? found : undefined;
    });
    expect(route.spec).toMatchObject({
      rules: [
        {
          sessionPersistence: { type: 'Cookie', cookie: { name: 'cart-session', path: '/', lifetimeType: 'Session' } },
          backendRefs: [{ name: 'cart', port: 80 }],
        },
      ],
    });
    await untilProgrammed('Programmed');
    await until(
      'the Gateway accepted',
      async () => conditionOf(await getObject('gateway', 'holdfast', namespace), 'Accepted')?.status === 'True',
    );
    await until(
      'the GatewayClass accepted',
      async () => conditionOf(await getObject('gatewayclass', 'holdfast', namespace), 'Accepted')?.status === 'True',
    );
    await until('the route accepted by us', async () => {
      const parents = (await getObject('httproute', 'cart', namespace))?.status?.['parents'] as
        | { controllerName: string }[]
        | undefined;
      return parents?.[0]?.controllerName === 'holdfast.dev/gateway-controller';
    });
  }, 120_000);

  test('an HTTPRoute of the same name of another owner is not changed', async () => {
    const foreign = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { namespace, name: 'taken' },
      spec: { hostnames: ['theirs.example'] },
    };
    await apply(foreign);
    await apply(deployment(namespace, 'taken'));
    await apply(stickyWorkload(namespace, 'taken'));
    expect((await untilReason(namespace, 'taken', 'Programmed', 'RouteConflict')).message).toContain(
      'HTTPRoute gateway-api/taken exists',
    );
    expect((await untilThere('httproute', 'taken', namespace)).spec).toMatchObject({ hostnames: ['theirs.example'] });
  });

  test('a StickyWorkload has a GRPCRoute, accepted by us, and then an HTTPRoute in its place', async () => {
    const routeOf = (kind: string) => ({
      route: { kind, hostnames: ['notes.example'] },
      service: { appProtocol: 'grpc' },
    });
    await apply(deployment(namespace, 'notes'));
    await apply(stickyWorkload(namespace, 'notes', routeOf('GRPCRoute')));
    const route = await until('the GRPCRoute accepted', async () => {
      const found = await getObject('grpcroute', 'notes', namespace);
      return JSON.stringify(found?.status ?? {}).includes('"reason":"Accepted"') ? found : undefined;
    });
    expect(route.spec).toMatchObject({
      hostnames: ['notes.example'],
      rules: [
        { sessionPersistence: { cookie: { name: 'notes-session' } }, backendRefs: [{ name: 'notes', port: 80 }] },
      ],
    });
    await apply(stickyWorkload(namespace, 'notes', routeOf('HTTPRoute')));
    await untilThere('httproute', 'notes', namespace);
    await untilGone('grpcroute', 'notes', namespace);
  });
});

const account = 'system:serviceaccount:holdfast-system:holdfast-operator';
const [infra, shop, zoo] = ['ns-infra', 'ns-shop', 'ns-zoo'];
const gatewayApi = 'gateway.networking.k8s.io';

const gateway = {
  apiVersion: `${gatewayApi}/v1`,
  kind: 'Gateway',
  metadata: { namespace: infra, name: 'web' },
  spec: {
    gatewayClassName: 'holdfast',
    infrastructure: { labels: { team: 'a' } },
    listeners: [
      {
        name: 'http',
        protocol: 'HTTP',
        port: 80,
        allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { web: 'yes' } } } },
      },
      { name: 'tls', protocol: 'HTTPS', port: 443, tls: { certificateRefs: [{ name: 'cert' }] } },
    ],
  },
};
const onWeb = { parentRefs: [{ name: 'web', namespace: infra }] };
const canary = {
  ...onWeb,
  backends: [
    { name: 'cart', weight: 9 },
    { name: 'next', namespace: zoo, weight: 1 },
  ],
};
const grant = {
  apiVersion: `${gatewayApi}/v1beta1`,
  kind: 'ReferenceGrant',
  metadata: { namespace: zoo, name: 'shop' },
  spec: { from: [{ group: gatewayApi, kind: 'HTTPRoute', namespace: shop }], to: [{ group: '', kind: 'Service' }] },
};

/**
 * These tests follow those above and use the definitions that they installed, instead of installing and deleting them in a separate file: a
 * definition that is deleted shortly after its creation can stay in an API server for minutes ("could not list instances: storage is (re)initializing").
 */
describeWithApi('Gateways and backends of several namespaces', () => {
  const operator = installOperator(infra, async () => {
    for (const namespace of [shop, zoo]) await createNamespace(namespace);
  });

  const table = () => operator().translations.table(`${infra}/web`)?.table;

  test('the operator has the permissions for all of its requests', async () => {
    const questions = [
      ['patch', 'stickyworkloads.holdfast.dev'],
      ['list', 'namespaces'],
      ['watch', `referencegrants.${gatewayApi}`],
      ['list', `gatewayclasses.${gatewayApi}`],
    ];
    for (const [verb = '', resource = ''] of questions) {
      expect(await kubectl('auth', 'can-i', verb, resource, '--as', account, '-A')).toBe('yes\n');
    }
    expect(await kubectl('auth', 'can-i', 'get', `crd/referencegrants.${gatewayApi}`, '--as', account)).toBe('yes\n');
  });

  test('a user-managed Gateway gets its proxy, which is deleted with it, and a status for each listener', async () => {
    await untilThere('gatewayclass', 'holdfast', infra);
    await apply(gateway);
    const proxy = await untilThere('deployment', 'web-holdfast', infra);
    expect(proxy.metadata.labels).toMatchObject({ [`${gatewayApi}/gateway-name`]: 'web', team: 'a' });
    const listeners = await until('the verdicts on both listeners', async () => {
      const found = (await getObject('gateway', 'web', infra))?.status?.['listeners'] as
        | { name: string; conditions: { type: string; status: string; reason: string }[] }[]
        | undefined;
      return found?.length === 2 ? found : undefined;
    });
    expect(listeners.map(({ conditions }) => conditions.find(({ type }) => type === 'ResolvedRefs')?.reason)).toEqual([
      'ResolvedRefs',
      'InvalidCertificateRef',
    ]);
  });

  test('a Gateway accepts the routes of the namespaces that its selector matches', async () => {
    await apply(deployment(shop, 'cart'));
    await apply(stickyWorkload(shop, 'cart', { route: onWeb }));
    await untilReason(shop, 'cart', 'Accepted', 'NotAllowedByListeners');
    await kubectl('label', 'namespace', shop, 'web=yes');
    await untilReason(shop, 'cart', 'Accepted', 'Accepted');
    expect((await untilThere('httproute', 'cart', shop)).spec).toMatchObject({
      parentRefs: [{ name: 'web', namespace: infra }],
    });
    expect(await getObject('gateway', 'holdfast', shop)).toBeUndefined();
  });

  test('a backend of another namespace is served once its owner grants it', async () => {
    await apply(deployment(zoo, 'next'));
    await apply(stickyWorkload(zoo, 'next'));
    await apply(stickyWorkload(shop, 'cart', { route: canary }));
    await untilReason(shop, 'cart', 'Programmed', 'RefNotPermitted');
    expect(Object.keys(table()?.backends ?? {})).toEqual([`${shop}/cart`]);
    await apply(grant);
    await until('both backends in the table', async () => Object.keys(table()?.backends ?? {}).length === 2);
    const resolved = await until('the route resolved', async () => {
      const parents = (await getObject('httproute', 'cart', shop))?.status?.['parents'] as
        | { conditions: { type: string; status: string }[] }[]
        | undefined;
      return parents?.[0]?.conditions.find(({ type, status }) => type === 'ResolvedRefs' && status === 'True');
    });
    expect(resolved).toBeDefined();
  });
});

describeRights();
