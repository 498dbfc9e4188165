import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { Translation } from '../../../../src/core/translate/translation.ts';
import { defaultProxySettings } from '../../../../src/wire/proxy-settings.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const serving: ShortWorld = {
  workloads: [{ name: 'cart', spec: { drain: { timeout: '2h' } } }],
  targets: [{ name: 'cart' }],
};

const settings = ({ tables }: Pick<Translation, 'tables'>, gateway = 'shop/holdfast') => tables[gateway]?.proxy;
const messageOf = ({ gateways }: Translation, gateway = 'shop/holdfast') => {
  const parameters = gateways[gateway]?.parameters;
  return parameters?.kind === 'broken' ? parameters.message : undefined;
};

const requires = (name: string, namespace = 'shop') => ({
  name,
  namespace,
  spec: { clientAddress: { proxyProtocol: 'Required' as const } },
});

describe('the HoldfastProxy of a Gateway', () => {
  test('without any, the settings are the defaults of the wire format', () => {
    expect(settings(translate(snapshotOf(serving)))).toEqual(defaultProxySettings);
  });

  test.each([
    { sentence: 'none is logged without accessLog', spec: {}, accessLog: undefined },
    {
      sentence: 'all are, unless it states a share',
      spec: { accessLog: {} },
      accessLog: { numerator: 1, denominator: 1 },
    },
    {
      sentence: 'a numerator is of a hundred, as in Gateway API',
      spec: { accessLog: { samplingFraction: { numerator: 5 } } },
      accessLog: { numerator: 5, denominator: 100 },
    },
  ])('of the requests, $sentence', ({ spec, accessLog }) => {
    const holdfastProxies = [{ name: 'default', namespace: 'holdfast-system', spec }];
    expect(settings(translate(snapshotOf({ ...serving, holdfastProxies })))?.accessLog).toEqual(accessLog);
  });

  test('says what becomes of the ids of requests', () => {
    const spec = { headers: { requestID: 'Generate' as const } };
    const holdfastProxies = [{ name: 'default', namespace: 'holdfast-system', spec }];
    expect(settings(translate(snapshotOf({ ...serving, holdfastProxies })))?.requestIds).toBe('Generate');
  });

  test('`default` in the namespace of the operator applies to a generated Gateway, also without Gateway API', () => {
    const world = {
      ...serving,
      gatewayApi: { installed: false as const },
      holdfastProxies: [requires('default', 'holdfast-system')],
    };
    expect(settings(translate(snapshotOf(world)))?.proxyProtocol).toBe('Required');
  });

  test('that of the StickyWorkload replaces the default as a whole', () => {
    const world = {
      ...serving,
      workloads: [{ name: 'cart', spec: { dataplane: { parametersRef: { name: 'small' } } } }],
      holdfastProxies: [
        requires('default', 'holdfast-system'),
        { name: 'small', spec: { limits: { connections: 100 }, timeouts: { clientIdle: '11m' } } },
      ],
    };
    expect(settings(translate(snapshotOf(world)))).toEqual({
      ...defaultProxySettings,
      limits: { ...defaultProxySettings.limits, connections: 100 },
      timeouts: { ...defaultProxySettings.timeouts, clientIdleMs: 660_000 },
    });
  });

  test.each([
    ['a Gateway', 'own', 'own'],
    ['its GatewayClass, if the Gateway has none', undefined, 'of-class'],
  ])('that of %s applies to a user-managed Gateway', (_, own, applied) => {
    const refer = (name: string) => ({
      field: 'f',
      group: 'holdfast.dev',
      kind: 'HoldfastProxy',
      namespace: 'infra',
      name,
    });
    const world: ShortWorld = {
      gatewayClasses: [
        { name: 'holdfast', controllerName: 'holdfast.dev/gateway-controller', parametersRef: refer('of-class') },
      ],
      gateways: [
        {
          name: 'web',
          namespace: 'infra',
          infrastructure: { labels: {}, annotations: {}, ...(own !== undefined && { parametersRef: refer(own) }) },
        },
      ],
      holdfastProxies: ['own', 'of-class'].map((name) => ({
        name,
        namespace: 'infra',
        spec: { limits: { connections: name === applied ? 7 : 8 } },
      })),
    };
    expect(settings(translate(snapshotOf(world)), 'infra/web')?.limits.connections).toBe(7);
  });

  test('a proxy waits no longer than the longest drain of the workloads that it serves, and than its own limit', () => {
    const drainTimeout = (timeout: string, proxy: string) => {
      const world = {
        ...serving,
        workloads: [{ name: 'cart', spec: { drain: { timeout } } }],
        holdfastProxies: [{ name: 'default', namespace: 'holdfast-system', spec: { drainTimeout: proxy } }],
      };
      return settings(translate(snapshotOf(world)))?.drainTimeoutMs;
    };
    expect(drainTimeout('90s', '1h')).toBe(90_000);
    expect(drainTimeout('2h', '1h')).toBe(3_600_000);
  });

  test('a proxy waits up to its own limit for the streams of a Service without a StickyWorkload', () => {
    const world: ShortWorld = {
      workloads: [{ name: 'cart', spec: { drain: { timeout: '10s' }, route: { parentRefs: [{ name: 'web' }] } } }],
      targets: [{ name: 'cart' }],
      gateways: [{ name: 'web' }],
    };
    const drainTimeout = (more: ShortWorld) =>
      settings(translate(snapshotOf({ ...world, ...more })), 'shop/web')?.drainTimeoutMs;
    const plain: ShortWorld = {
      services: [{ name: 'live', ownerUids: [] }],
      httpRoutes: [
        {
          name: 'live',
          spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'live', port: 80 }] }] },
        },
      ],
    };
    expect(drainTimeout({})).toBe(10_000);
    expect(drainTimeout(plain)).toBe(3_600_000);
  });
});

describe('a reference that does not resolve', () => {
  const referring = (...holdfastProxies: NonNullable<ShortWorld['holdfastProxies']>) =>
    snapshotOf({
      ...serving,
      workloads: [{ name: 'cart', spec: { dataplane: { parametersRef: { name: 'small' } } } }],
      holdfastProxies,
    });

  test('names the field and the way out, and leaves the settings as they are', () => {
    const before = translate(referring(requires('small')));
    const after = translate(referring(), before);
    expect(messageOf(after)).toBe(
      'spec.dataplane.parametersRef: HoldfastProxy small does not exist in namespace shop: create it, or remove the reference to use the defaults. Until then the proxies continue as they are.',
    );
    expect(settings(after)?.proxyProtocol).toBe('Required');
  });

  test('leaves the settings of running proxies to them when the operator starts meanwhile, until it resolves', () => {
    const started = translate(referring());
    expect(settings(started)).toBeUndefined();
    expect(settings(translate(referring(), started))).toBeUndefined();
    expect(settings(translate(referring(requires('small')), started))?.proxyProtocol).toBe('Required');
  });

  test('refers to a HoldfastProxy with an invalid CIDR, which is named', () => {
    const invalid = { name: 'small', spec: { clientAddress: { trustedProxies: ['10.0.0.0/8', '999.0.0.0/8'] } } };
    expect(messageOf(translate(referring(invalid)))).toMatch(
      'HoldfastProxy shop/small: spec.clientAddress.trustedProxies: "999.0.0.0/8" is not a valid CIDR',
    );
  });

  test('refers to another kind, which is named', () => {
    const world: ShortWorld = {
      gateways: [
        {
          name: 'web',
          infrastructure: {
            labels: {},
            annotations: {},
            parametersRef: {
              field: 'spec.infrastructure.parametersRef',
              group: '',
              kind: 'ConfigMap',
              namespace: 'shop',
              name: 'x',
            },
          },
        },
      ],
    };
    expect(messageOf(translate(snapshotOf(world)), 'shop/web')).toMatch(
      'spec.infrastructure.parametersRef refers to a ConfigMap: refer to kind HoldfastProxy of group holdfast.dev.',
    );
  });
});
