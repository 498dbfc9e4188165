import { describe, expect, test } from '@jest/globals';
import type { Condition, StickyWorkloadStatus } from '../../../../src/api/status.ts';
import type { Pod } from '../../../../src/core/snapshot/snapshot.ts';
import type { StatusInput } from '../../../../src/core/status/input.ts';
import { judgeStatus, listed } from '../../../../src/core/status/status.ts';
import type { Endpoint } from '../../../../src/wire/routing-table.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, wholePod, type ShortWorkload, type ShortWorld } from '../../../support/world.ts';

const now = Date.parse('2026-05-01T12:00:00.000Z');
const killAtMs = Date.parse('2026-05-01T13:00:35.000Z');

const endpoint = (letter: string, state: Endpoint['state']): Endpoint => ({
  uid: `uid-cart-${letter}`,
  id: '0000000000000000',
  pod: `cart-${letter}`,
  address: '10.0.0.1',
  port: 8080,
  state,
  ...(state === 'Draining' && { reason: 'PodTerminating' }),
});

type Case = Partial<Omit<StatusInput, 'sessions' | 'workload' | 'backend'>> & {
  cart?: Omit<ShortWorkload, 'name'>;
  endpoints?: Endpoint[];
  sessions?: Record<string, number>;
};

/** A healthy StickyWorkload with two accepting pods, unless a case has other facts. */
function inputOf({
  cart = {},
  endpoints = [endpoint('a', 'Accepting'), endpoint('b', 'Accepting')],
  sessions = {},
  ...rest
}: Case): StatusInput {
  const world: ShortWorld = {
    workloads: [{ name: 'cart', ...cart }],
    targets: [{ name: 'cart', matchLabels: { tier: 'web', app: 'cart' } }],
    services: [{ name: 'cart' }],
  };
  const snapshot = snapshotOf(world);
  const { tables, accepts } = translate(snapshot);
  const [workload] = snapshot.workloads;
  const accept = accepts['shop/cart'];
  const backend = tables['shop/holdfast']?.backends['shop/cart'];
  if (workload === undefined || accept === undefined || backend === undefined) {
    throw new Error('the world has no StickyWorkload that is served');
  }
  return {
    workload,
    accept,
    backend: { ...backend, endpoints },
    apply: { kind: 'applied' },
    pods: endpoints.map(({ pod }) => wholePod({ name: pod })),
    sessions: new Map(Object.entries(sessions).map(([uid, confirmed]) => [uid, { confirmed, unconfirmed: 0 }])),
    proxy: { readyReplicas: 2 },
    gatewayApi: { installed: true, sessionPersistence: 'B' },
    cluster: { nodes: {} },
    nowMs: now,
    ...rest,
  };
}

const conditionOf = (status: StickyWorkloadStatus, type: string): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);
const summaryOf = (status: StickyWorkloadStatus): Record<string, string> =>
  Object.fromEntries((status.conditions ?? []).map(({ type, status: value, reason }) => [type, `${value} ${reason}`]));

const healthy = {
  Accepted: 'True Accepted',
  Programmed: 'True Programmed',
  Injected: 'True Injected',
  Draining: 'False NoPodsDraining',
  Ready: 'True Ready',
};
const bare = (name: string): Pod => wholePod({ name, injection: { injected: false, keptPreStop: [] } });
const hooked = (name: string): Pod => wholePod({ name, injection: { injected: true, keptPreStop: ['app'] } });
const notProgrammed = (reason: string) => ({ Programmed: `False ${reason}`, Ready: 'False NotProgrammed' });

describe('conditions', () => {
  const rows: [string, Case, Record<string, string>, RegExp][] = [
    ['everything is healthy', {}, {}, /2 of 2 pods accept/],
    [
      'a field is not supported, but sessions are served',
      { cart: { spec: { replicas: 3 } } },
      { Accepted: 'False UnsupportedField', Programmed: 'False NotAccepted', Ready: 'False NotAccepted' },
      /keep serving sessions/,
    ],
    [
      'a Service of another owner has the name',
      { apply: { kind: 'conflict', reason: 'ServiceConflict', message: 'Service shop/cart exists.' } },
      notProgrammed('ServiceConflict'),
      /Service shop\/cart exists/,
    ],
    [
      'the API server rejected an object',
      { apply: { kind: 'failed', message: 'HTTPRoute shop/cart: 422' } },
      notProgrammed('ApplyFailed'),
      /422\. The write will be retried/,
    ],
    [
      'no proxy is ready',
      { proxy: { readyReplicas: 0 } },
      notProgrammed('ProxyNotReady'),
      /kubectl get pods -n shop -l gateway\.networking\.k8s\.io\/gateway-name=holdfast/,
    ],
    [
      'Gateway API is not installed, which the proxy does not need',
      { gatewayApi: { installed: false } },
      { Programmed: 'True GatewayAPIMissing' },
      /install the CRDs/,
    ],
    [
      'the standard channel lacks the sessionPersistence field',
      { gatewayApi: { installed: true, sessionPersistence: 'Absent' } },
      { Programmed: 'True SessionPersistenceFieldMissing' },
      /experimental channel/,
    ],
    [
      'a pod has no sidecar',
      { pods: [wholePod({ name: 'cart-a' }), bare('cart-b')] },
      { Injected: 'False PodsNotInjected', Ready: 'False NotInjected' },
      /missing in 1 of 2 pods \(cart-b\).*kubectl rollout restart deployment\/cart -n shop/,
    ],
    [
      'a pod without the sidecar has terminated',
      { pods: [wholePod({ name: 'cart-a' }), { ...bare('cart-b'), phase: 'Failed' }] },
      {},
      /in 1 of 1 pod/,
    ],
    [
      'a container keeps its own hook',
      { pods: [hooked('cart-a'), hooked('cart-b')] },
      { Injected: 'False PreStopConflict', Ready: 'False NotInjected' },
      /container app was left unchanged/,
    ],
    [
      'no pod accepts',
      { endpoints: [endpoint('a', 'Pending')] },
      { Ready: 'False NoPodsAccepting' },
      /New sessions get 503/,
    ],
    [
      'no pod accepts because its app exits again and again, as when its port is the one of the sidecar',
      {
        endpoints: [endpoint('a', 'Pending')],
        pods: [
          wholePod({
            name: 'cart-a',
            sidecar: { endings: 0, appRuns: false, crashing: { container: 'app', sidecarPort: 15_999 } },
          }),
        ],
      },
      { Ready: 'False NoPodsAccepting' },
      /Container app of pod cart-a exits again and again.*port 15999 is in use, the sidecar has it: declare the port .* or set spec\.sidecar\.port/,
    ],
    [
      'one pod drains, one accepts',
      { endpoints: [endpoint('a', 'Draining'), endpoint('b', 'Accepting')] },
      { Draining: 'True PodTerminating' },
      /Draining: cart-a\./,
    ],
    [
      'all pods drain',
      { endpoints: [endpoint('a', 'Draining')] },
      { Draining: 'True PodTerminating', Ready: 'False NoPodsAccepting' },
      /Draining: cart-a\./,
    ],
  ];
  test.each(rows)('%s', (_, facts, differences, message) => {
    const status = judgeStatus(inputOf(facts));
    expect(summaryOf(status)).toEqual({ ...healthy, ...differences });
    expect(status.conditions?.map((condition) => condition.message).join('\n')).toMatch(message);
  });

  test('a StickyWorkload without keys is accepted but not served', () => {
    const { backend: _, ...unserved } = inputOf({});
    expect(summaryOf(judgeStatus(unserved))).toMatchObject({
      Accepted: 'True Accepted',
      Programmed: 'False KeyRingMissing',
      Ready: 'False NotProgrammed',
    });
  });
});

describe('the times of a status', () => {
  const yesterday = '2026-04-30T12:00:00Z';
  const before: StickyWorkloadStatus = {
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: 'x',
        lastTransitionTime: yesterday,
        observedGeneration: 1,
      },
      {
        type: 'Programmed',
        status: 'True',
        reason: 'GatewayAPIMissing',
        message: 'x',
        lastTransitionTime: yesterday,
        observedGeneration: 1,
      },
    ],
    endpoints: [
      { pod: 'cart-a', uid: 'uid-cart-a', state: 'Accepting', since: yesterday },
      { pod: 'cart-b', uid: 'uid-cart-b', state: 'Accepting', since: yesterday },
    ],
  };

  test('keep the time of a transition if only the reason changes', () => {
    const status = judgeStatus(inputOf({ cart: { status: before, generation: 7 } }));
    expect(conditionOf(status, 'Programmed')).toMatchObject({
      reason: 'Programmed',
      lastTransitionTime: yesterday,
      observedGeneration: 7,
    });
    expect(conditionOf(status, 'Accepted')).toMatchObject({ lastTransitionTime: '2026-05-01T12:00:00Z' });
    expect(status.observedGeneration).toBe(7);
  });

  test('have the current time if a condition changes', () => {
    const status = judgeStatus(inputOf({ cart: { status: before }, proxy: { readyReplicas: 0 } }));
    expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'False', lastTransitionTime: '2026-05-01T12:00:00Z' });
  });

  test('keep the time of an endpoint while its state is the same', () => {
    const status = judgeStatus(
      inputOf({ cart: { status: before }, endpoints: [endpoint('a', 'Draining'), endpoint('b', 'Accepting')] }),
    );
    expect(status.endpoints).toMatchObject([
      { pod: 'cart-a', state: 'Draining', since: '2026-05-01T12:00:00Z' },
      { pod: 'cart-b', state: 'Accepting', since: yesterday },
    ]);
  });

  const deletion = { killAtMs, graceSeconds: 3635 };
  const deadlines: [string, Pod, string][] = [
    ['1h after the deletion, by drain.timeout', wholePod({ name: 'cart-a', deletion }), '2026-05-01T13:00:00Z'],
    [
      '30s after the deletion with a grace period of 60s, which leaves the app its margin of 30s',
      wholePod({ name: 'cart-a', deletion: { ...deletion, graceSeconds: 60 } }),
      '2026-05-01T13:00:05Z',
    ],
    [
      '10m after the deletion, by the limit of its sidecar',
      wholePod({ name: 'cart-a', deletion, sidecar: { drainTimeoutMs: 600_000, endings: 0, appRuns: true } }),
      '2026-05-01T12:10:00Z',
    ],
    ['the kill without a sidecar', { ...bare('cart-a'), deletion }, '2026-05-01T13:00:35Z'],
  ];
  test.each(deadlines)('have as deadline of a draining pod: %s', (_, pod, deadline) => {
    const status = judgeStatus(inputOf({ endpoints: [endpoint('a', 'Draining')], pods: [pod] }));
    expect(status.endpoints).toMatchObject([{ deadline }]);
    expect(conditionOf(status, 'Draining')?.message).toContain(deadline);
  });

  test('do not change with time alone', () => {
    const first = judgeStatus(inputOf({ endpoints: [endpoint('a', 'Draining'), endpoint('b', 'Pending')] }));
    const later = judgeStatus({
      ...inputOf({ cart: { status: first }, endpoints: [endpoint('a', 'Draining'), endpoint('b', 'Pending')] }),
      nowMs: now + 3_600_000,
    });
    expect(later).toEqual(first);
  });
});

describe('the effective drain limit', () => {
  const spot = { nodes: { 'node-1': { labels: { 'karpenter.sh/capacity-type': 'spot' }, taints: [], addresses: [] } } };
  const onSpot = [wholePod({ name: 'cart-a', node: 'node-1' })];

  test('is drain.timeout without a shorter limit', () => {
    expect(judgeStatus(inputOf({})).effectiveDrainLimit).toEqual({ duration: '1h', limitedBy: 'drain.timeout' });
    expect(conditionOf(judgeStatus(inputOf({})), 'Draining')?.message).toBe(
      'No pod is draining. Pods are held for at most 1h.',
    );
  });

  test('is the shortest limit, and the condition has its source', () => {
    const status = judgeStatus(inputOf({ pods: onSpot, cluster: spot }));
    expect(status.effectiveDrainLimit).toEqual({ duration: '2m', limitedBy: 'SpotNode node-1' });
    expect(conditionOf(status, 'Draining')?.message).toContain(
      'Pods are held for at most 2m instead of drain.timeout (SpotNode node-1)',
    );
  });
});

describe('the counts of a status', () => {
  const endpoints = [
    endpoint('a', 'Accepting'),
    endpoint('b', 'Draining'),
    endpoint('c', 'Pending'),
    endpoint('d', 'Draining'),
  ];

  test('have the accepting pods as replicas, and the sum of the sessions', () => {
    const status = judgeStatus(
      inputOf({ endpoints, sessions: { 'uid-cart-a': 5, 'uid-cart-b': 2, 'uid-cart-c': 0, 'uid-cart-d': 1 } }),
    );
    expect(status).toMatchObject({
      replicas: 1,
      acceptingReplicas: 1,
      drainingReplicas: 2,
      sessions: { confirmed: 8, unconfirmed: 0, draining: 3 },
      selector: 'app=cart,tier=web',
    });
  });

  test('have no sum while the number of one pod is unknown', () => {
    const status = judgeStatus(inputOf({ endpoints, sessions: { 'uid-cart-a': 5, 'uid-cart-b': 2, 'uid-cart-c': 0 } }));
    expect(status).not.toHaveProperty('sessions');
    expect(status.endpoints?.find(({ pod }) => pod === 'cart-d')).not.toHaveProperty('sessions');
    expect(status.endpoints?.find(({ pod }) => pod === 'cart-b')).toMatchObject({ sessions: 2 });
  });

  test('include all of many endpoints, of which the draining ones are listed first', () => {
    const many = Array.from({ length: 60 }, (_, number) =>
      endpoint(`${number + 100}`, number < 55 ? 'Accepting' : 'Draining'),
    );
    const status = judgeStatus(inputOf({ endpoints: many }));
    expect(status.endpoints).toHaveLength(60);
    expect(listed(status).endpoints).toHaveLength(50);
    expect(
      listed(status)
        .endpoints?.slice(0, 6)
        .map(({ state }) => state),
    ).toEqual(['Draining', 'Draining', 'Draining', 'Draining', 'Draining', 'Accepting']);
    expect(status).toMatchObject({ acceptingReplicas: 55, drainingReplicas: 5 });
  });

  test('a refused StickyWorkload keeps the selector that autoscalers read', () => {
    const status = judgeStatus(inputOf({ cart: { spec: { replicas: 1 }, status: { selector: 'app=cart' } } }));
    expect(status.selector).toBe('app=cart');
  });
});
