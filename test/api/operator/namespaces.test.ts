import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import { apply, createNamespace, deployment, gatewayApiFolder, stickyWorkload, untilGone, untilReason, untilThere } from '../../support/api-world.ts';
import { conditionOf, getObject, kubectl, kubectlInput, listObjects, until } from '../../support/kubectl.ts';
import { startOperator, type RunningOperator } from '../../support/operator.ts';

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
      { name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { web: 'yes' } } } } },
      { name: 'tls', protocol: 'HTTPS', port: 443, tls: { certificateRefs: [{ name: 'cert' }] } },
    ],
  },
};
const onWeb = { parentRefs: [{ name: 'web', namespace: infra }] };
const canary = { ...onWeb, backends: [{ name: 'cart', weight: 9 }, { name: 'next', namespace: zoo, weight: 1 }] };
const grant = {
  apiVersion: `${gatewayApi}/v1beta1`,
  kind: 'ReferenceGrant',
  metadata: { namespace: zoo, name: 'shop' },
  spec: { from: [{ group: gatewayApi, kind: 'HTTPRoute', namespace: shop }], to: [{ group: '', kind: 'Service' }] },
};

describeWithApi('Gateways and backends of several namespaces', () => {
  let operator: RunningOperator;
  let isInstalledHere = false;

  beforeAll(async () => {
    await kubectl('apply', '-k', 'manifests/base');
    // As it is, whichever channel another test has left: neither may be put over the other.
    isInstalledHere = !(await kubectl('get', 'crd', `httproutes.${gatewayApi}`, '--ignore-not-found'));
    if (isInstalledHere) await kubectl('apply', '--server-side', '-f', gatewayApiFolder('experimental'));
    for (const namespace of [infra, shop, zoo]) await createNamespace(namespace);
    operator = await startOperator('holdfast-system');
  }, 120_000);

  // Another test begins without Gateway API.
  afterAll(async () => {
    await operator?.kill();
    if (isInstalledHere) await kubectl('delete', '-f', gatewayApiFolder('experimental'));
  }, 120_000);

  const table = () => operator.feed.table(`${infra}/web`)?.table;

  test('the operator may do what it does', async () => {
    const questions = [['patch', 'stickyworkloads.holdfast.dev'], ['list', 'namespaces'], ['watch', `referencegrants.${gatewayApi}`], ['list', `gatewayclasses.${gatewayApi}`]];
    for (const [verb = '', resource = ''] of questions) expect(await kubectl('auth', 'can-i', verb, resource, '--as', account, '-A')).toBe('yes\n');
    expect(await kubectl('auth', 'can-i', 'get', `crd/referencegrants.${gatewayApi}`, '--as', account)).toBe('yes\n');
  });

  test('a Gateway of a user gets its proxy, which goes with it, and a verdict on each listener', async () => {
    await untilThere('gatewayclass', 'holdfast', infra);
    await apply(gateway);
    const proxy = await untilThere('deployment', 'web-holdfast', infra);
    expect(proxy.metadata.labels).toMatchObject({ [`${gatewayApi}/gateway-name`]: 'web', team: 'a' });
    const listeners = await until('the verdicts on both listeners', async () => {
      const found = (await getObject('gateway', 'web', infra))?.status?.['listeners'] as { name: string; conditions: { type: string; status: string; reason: string }[] }[] | undefined;
      return found?.length === 2 ? found : undefined;
    });
    expect(listeners.map(({ conditions }) => conditions.find(({ type }) => type === 'Accepted')?.reason)).toEqual(['Accepted', 'UnsupportedProtocol']);
  });

  test('it takes the routes of namespaces that its selector chooses', async () => {
    await apply(deployment(shop, 'cart'));
    await apply(stickyWorkload(shop, 'cart', { route: onWeb }));
    await untilReason(shop, 'cart', 'Accepted', 'NotAllowedByListeners');
    await kubectl('label', 'namespace', shop, 'web=yes');
    await untilReason(shop, 'cart', 'Accepted', 'Accepted');
    expect((await untilThere('httproute', 'cart', shop)).spec).toMatchObject({ parentRefs: [{ name: 'web', namespace: infra }] });
    expect(await getObject('gateway', 'holdfast', shop)).toBeUndefined();
  });

  test('a backend of another namespace is served from the moment its owner grants it', async () => {
    await apply(deployment(zoo, 'next'));
    await apply(stickyWorkload(zoo, 'next'));
    await apply(stickyWorkload(shop, 'cart', { route: canary }));
    await untilReason(shop, 'cart', 'Programmed', 'RefNotPermitted');
    expect(Object.keys(table()?.backends ?? {})).toEqual([`${shop}/cart`]);
    await apply(grant);
    await until('both backends in the table', async () => Object.keys(table()?.backends ?? {}).length === 2);
    const resolved = await until('the route resolved', async () => {
      const parents = (await getObject('httproute', 'cart', shop))?.status?.['parents'] as { conditions: { type: string; status: string }[] }[] | undefined;
      return parents?.[0]?.conditions.find(({ type, status }) => type === 'ResolvedRefs' && status === 'True');
    });
    expect(resolved).toBeDefined();
  });
});

describeWithApi('A StickyWorkload that is deleted while a pod drains', () => {
  const namespace = 'deleted';
  let operator: RunningOperator;

  beforeAll(async () => {
    await kubectl('apply', '-k', 'manifests/base');
    await createNamespace(namespace);
    // Pods on it are never started, and end when somebody says so.
    await kubectlInput('{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}}', 'apply', '-f', '-');
    operator = await startOperator('holdfast-system');
    const target = deployment(namespace, 'cart') as { spec: { template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> } } };
    target.spec.template.metadata.labels['holdfast.dev/inject'] = 'true';
    target.spec.template.spec['nodeName'] = 'ghost';
    await apply({ apiVersion: 'v1', kind: 'List', items: [stickyWorkload(namespace, 'cart'), target] });
    await untilThere('service', 'cart', namespace);
  }, 120_000);

  afterAll(async () => {
    await operator?.kill();
    await kubectl('delete', 'node', 'ghost', '--ignore-not-found');
  });

  const finalizersOf = async () => ((await getObject('stickyworkload', 'cart', namespace))?.metadata as { finalizers?: string[] } | undefined)?.finalizers;

  test('stays with all that serves it until the pod is gone, and then goes with all of it', async () => {
    const pod = await until('a pod', async () => (await listObjects('pods', namespace, 'app=cart'))[0]);
    expect(await finalizersOf()).toBeUndefined();
    await kubectl('delete', 'pod', pod.metadata.name, '-n', namespace, '--wait=false');
    await until('the finalizer', async () => (await finalizersOf())?.includes('holdfast.dev/drain'));

    await kubectl('delete', 'stickyworkload', 'cart', '-n', namespace, '--wait=false');
    await untilReason(namespace, 'cart', 'Programmed', 'BeingDeleted');
    expect(conditionOf(await getObject('stickyworkload', 'cart', namespace), 'Programmed')?.message).toContain(pod.metadata.name);
    expect(await getObject('service', 'cart', namespace)).toBeDefined();
    expect(await getObject('secret', 'cart-session-keys', namespace)).toBeDefined();
    expect(await getObject('deployment', 'holdfast-holdfast', namespace)).toBeDefined();

    await kubectl('delete', 'pod', pod.metadata.name, '-n', namespace, '--force', '--grace-period=0');
    await untilGone('stickyworkload', 'cart', namespace);
    await untilGone('service', 'cart', namespace);
    await untilGone('deployment', 'holdfast-holdfast', namespace);
  }, 180_000);
});
