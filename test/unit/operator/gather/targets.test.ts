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
  labels: {},
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
      'the labels of its pods',
      { template: { metadata: { labels: { app: 'cart', tier: 'gold' } } } },
      { labels: { app: 'cart', tier: 'gold' }, containerPorts: [] },
    ],
    [
      'no ports of UDP, which serve no sessions',
      template({
        ports: [
          { name: 'http', containerPort: 80, protocol: 'TCP' },
          { name: 'quic', containerPort: 80, protocol: 'UDP' },
        ],
      }),
      { containerPorts: [{ name: 'http', port: 80 }] },
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
    ['that its pods use the network of the host', { template: { spec: { containers: [] } } }, { containerPorts: [] }],
    [
      'a readiness probe of any container',
      template({}, { readinessProbe: { httpGet: {} } }),
      { containerPorts: [], hasReadinessProbe: true },
    ],
    ['no ports of containers without ports', template({}, {}), { containerPorts: [] }],
  ])('keeps %s', (_, spec, target) => {
    expect(projectTarget(deployment(spec)).target).toEqual({ ...base, ...target });
  });

  test('keeps why its pods are refused, for as long as they are', () => {
    const refusalOf = (status: string) =>
      projectTarget(deployment(undefined, {}, { conditions: [{ type: 'ReplicaFailure', status, message: 'quota' }] }))
        .target.refusal;
    expect(refusalOf('True')).toBe('quota');
    expect(refusalOf('False')).toBeUndefined();
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

  test('has zero ready replicas until the status reports them', () => {
    const ready = (status?: object) =>
      proxyOf(projectTarget(deployment(undefined, { labels: ours }, status)))?.readyReplicas;
    expect(ready()).toBe(0);
    expect(ready({ replicas: 3 })).toBe(0);
    expect(ready({ readyReplicas: 2 })).toBe(2);
  });

  test('is scaled by the manager that last set its replicas, unless that is Holdfast', () => {
    const entry = (manager: string, field: string) => ({ manager, fieldsV1: { 'f:spec': { [field]: {} } } });
    const scaledBy = (...managedFields: object[]) => {
      const metadata = { labels: ours, managedFields };
      return proxyOf(projectTarget(deployment({ replicas: 4 }, metadata)));
    };
    expect(scaledBy(entry('holdfast', 'f:replicas'), entry('kubectl', 'f:paused'))).not.toHaveProperty('scaledBy');
    expect(scaledBy(entry('holdfast', 'f:template'), entry('kubectl', 'f:replicas'))).toMatchObject({
      replicas: 4,
      scaledBy: 'kubectl',
    });
  });

  test('is not one of another Gateway implementation, nor any Deployment', () => {
    expect(
      proxyOf(projectTarget(deployment(undefined, { labels: { ...ours, 'app.kubernetes.io/managed-by': 'other' } }))),
    ).toBeUndefined();
    expect(proxyOf(projectTarget(deployment()))).toBeUndefined();
  });
});
