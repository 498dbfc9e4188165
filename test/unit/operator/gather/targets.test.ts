import { describe, expect, test } from '@jest/globals';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { projectTarget, proxyOf } from '../../../../src/operator/gather/targets.ts';

const deployment = (spec?: object, metadata: Partial<ObjectMeta> = {}, status?: object): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'shop', name: 'cart', uid: 'd', ...metadata },
  ...(spec && { spec }),
  ...(status && { status }),
});
const template = (...containers: object[]) => ({ template: { spec: { containers } } });
const base = {
  kind: 'Deployment',
  namespace: 'shop',
  name: 'cart',
  uid: 'd',
  hostNetwork: false,
  hasReadinessProbe: false,
};

describe('a target', () => {
  test.each<[string, object, object]>([
    [
      'its selector and the ports of all its containers',
      {
        selector: { matchLabels: { app: 'cart' } },
        ...template({ ports: [{ name: 'http', containerPort: 80 }] }, { ports: [{ containerPort: 81 }] }),
      },
      { matchLabels: { app: 'cart' }, containerPorts: [{ name: 'http', port: 80 }, { port: 81 }] },
    ],
    [
      'no selector with expressions, which a Service cannot have',
      { selector: { matchLabels: { app: 'cart' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
      { containerPorts: [] },
    ],
    [
      'a selector with an empty list of expressions',
      { selector: { matchLabels: { app: 'cart' }, matchExpressions: [] } },
      { matchLabels: { app: 'cart' }, containerPorts: [] },
    ],
    [
      'a selector whose lists are null, as Go encodes empty lists',
      { selector: { matchLabels: { app: 'cart' }, matchExpressions: null }, ...template({ ports: null }) },
      { matchLabels: { app: 'cart' }, containerPorts: [] },
    ],
    [
      'no ports of a template without containers',
      { selector: { matchLabels: { app: 'cart' } }, template: { spec: { containers: null } } },
      { matchLabels: { app: 'cart' }, containerPorts: [] },
    ],
    [
      'that its pods use the network of the host',
      { template: { spec: { hostNetwork: true, containers: [] } } },
      { containerPorts: [], hostNetwork: true },
    ],
    [
      'a readiness probe of any container',
      template({}, { readinessProbe: { httpGet: {} } }),
      { containerPorts: [], hasReadinessProbe: true },
    ],
    ['no ports of containers without ports', template({}, {}), { containerPorts: [] }],
  ])('keeps %s', (_, spec, target) => {
    expect(projectTarget(deployment(spec)).target).toEqual({ ...base, ...target });
  });

  test('has zero ready replicas until the status reports them', () => {
    expect(projectTarget(deployment()).readyReplicas).toBe(0);
    expect(projectTarget(deployment(undefined, {}, { replicas: 3 })).readyReplicas).toBe(0);
    expect(projectTarget(deployment(undefined, {}, { readyReplicas: 2 })).readyReplicas).toBe(2);
  });
});

describe('a proxy', () => {
  const ours = {
    'app.kubernetes.io/managed-by': 'holdfast',
    'app.kubernetes.io/component': 'proxy',
    'gateway.networking.k8s.io/gateway-name': 'web',
  };

  test('is a Deployment of Holdfast with a Gateway label', () => {
    const metadata = {
      labels: ours,
      ownerReferences: [{ apiVersion: 'v', kind: 'StickyWorkload', name: 'cart', uid: 'o' }],
    };
    expect(proxyOf(projectTarget(deployment(undefined, metadata, { readyReplicas: 2 })))).toEqual({
      namespace: 'shop',
      name: 'cart',
      uid: 'd',
      ownerUids: ['o'],
      component: 'proxy',
      gateway: 'web',
      readyReplicas: 2,
    });
  });

  test('is not one of another Gateway implementation, nor any Deployment', () => {
    expect(
      proxyOf(projectTarget(deployment(undefined, { labels: { ...ours, 'app.kubernetes.io/managed-by': 'other' } }))),
    ).toBeUndefined();
    expect(proxyOf(projectTarget(deployment()))).toBeUndefined();
  });
});
