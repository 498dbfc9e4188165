import { afterEach, describe, expect, test } from '@jest/globals';
import { deployments, events } from '../../../../../src/kube/resources.ts';
import type { Autoscaler } from '../../../controllers/autoscaling/objects.ts';
import type { AutoscalerMemory } from '../../../controllers/autoscaling/behavior.ts';
import { completeBehavior, normalize } from '../../../controllers/autoscaling/behavior.ts';
import { horizontalPodAutoscalers } from '../../../controllers/kinds.ts';
import type { Deployment } from '../../../controllers/objects.ts';
import type { World } from './world.ts';
import { deployment, startWorld } from './world.ts';

const nowMs = 1_000_000_000;
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const sessions = {
  type: 'External',
  external: { metric: { name: 'sessions' }, target: { type: 'AverageValue', averageValue: '10' } },
};

const autoscaler = (spec: object): Autoscaler =>
  ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 10, metrics: [sessions], ...spec },
  }) as Autoscaler;

/** What depends on the time; the rest is asked of a real autoscaler, too, in `test/conformance/lifecycle`. */
describe('from what the metrics ask for to what is done', () => {
  type Row = {
    title: string;
    behavior?: object;
    current: number;
    desired: number;
    /** Recommendations: replicas, seconds ago. */
    past?: [number, number][];
    /** Changes of the last time: added or removed, seconds ago. */
    changes?: [number, number][];
    replicas: number;
    able?: string;
    limit?: string;
  };
  const onePodAMinute = {
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
  };

  const rows: Row[] = [
    {
      title: 'without behavior down to the highest of five minutes',
      current: 5,
      desired: 2,
      past: [[4, 299]],
      replicas: 4,
      able: 'ScaleDownStabilized',
    },
    {
      title: 'older ones are forgotten',
      current: 5,
      desired: 2,
      past: [[4, 301]],
      replicas: 2,
      able: 'ReadyForNewScale',
    },
    {
      title: 'the default window of scaleDown is 300 s too',
      behavior: {},
      current: 5,
      desired: 2,
      past: [[5, 299]],
      replicas: 5,
    },
    {
      title: 'a window on the way up takes the lowest',
      behavior: { scaleUp: { stabilizationWindowSeconds: 60 } },
      current: 2,
      desired: 6,
      past: [[3, 59]],
      replicas: 3,
      able: 'ScaleUpStabilized',
    },
    {
      title: 'that one is gone',
      behavior: onePodAMinute,
      current: 4,
      desired: 1,
      changes: [[-1, 59]],
      replicas: 4,
      limit: 'ScaleDownLimit',
    },
    {
      title: 'the minute is over',
      behavior: onePodAMinute,
      current: 4,
      desired: 1,
      changes: [[-1, 60]],
      replicas: 3,
      limit: 'ScaleDownLimit',
    },
    {
      title: 'what was added may go again',
      behavior: onePodAMinute,
      current: 6,
      desired: 1,
      changes: [[2, 30]],
      replicas: 3,
    },
  ];
  test.each(rows)('$title', ({ behavior, current, desired, past = [], changes = [], replicas, able, limit }) => {
    const memory: AutoscalerMemory = {
      recommendations: past.map(([count, ago]) => ({ replicas: count, atMs: nowMs - ago * 1000 })),
      ups: changes.filter(([change]) => change > 0).map(([change, ago]) => ({ change, atMs: nowMs - ago * 1000 })),
      downs: changes
        .filter(([change]) => change < 0)
        .map(([change, ago]) => ({ change: -change, atMs: nowMs - ago * 1000 })),
    };
    const rules = completeBehavior(autoscaler(behavior === undefined ? {} : { behavior }));
    const result = normalize({ current, desired, min: 1, max: 10 }, rules, { memory, nowMs });
    expect(result.replicas).toBe(replicas);
    if (able !== undefined) expect(result.ableToScale.reason).toBe(able);
    if (limit !== undefined) expect(result.scalingLimited.reason).toBe(limit);
    expect(result.scalingLimited.limited).toBe(result.scalingLimited.reason !== 'DesiredWithinRange');
  });
});

describe('the controller', () => {
  let world: World;
  afterEach(() => world.stop());

  const find = () => world.find(horizontalPodAutoscalers, 'web') as Autoscaler;
  const condition = (type: string) => find().status?.conditions?.find((one) => one.type === type);
  const size = () => (world.find(deployments, 'web') as Deployment).spec.replicas;

  async function start(open: () => number, spec: object = {}): Promise<void> {
    world = await startWorld({ metrics: { external: () => Promise.resolve([open() * 1000]) } });
    await world.create(deployments, deployment(2));
    await world.makeReady();
    await world.create(horizontalPodAutoscalers, autoscaler(spec));
  }

  test('looks again every 15 s', async () => {
    let open = 35;
    await start(() => open);
    expect(size()).toBe(4);
    open = 75;
    await world.clock.advance(14_000);
    expect(size()).toBe(4);
    await world.clock.advance(1_000);
    expect(size()).toBe(8);
  });

  test('scales down only when the highest recommendation of five minutes is over', async () => {
    let open = 40;
    await start(() => open);
    open = 10;
    await world.clock.advance(285_000);
    expect(size()).toBe(4);
    expect(condition('AbleToScale')).toMatchObject({ reason: 'ScaleDownStabilized' });
    await world.clock.advance(45_000);
    expect(size()).toBe(1);
  });

  test('settles: with a metric that stands still it writes nothing', async () => {
    await start(() => 20);
    const before = world.writes();
    await world.clock.advance(120_000);
    expect(world.writes()).toBe(before);
  });

  test('without metrics it changes nothing and says what is missing', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(2));
    const spec = {
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
    };
    await world.create(horizontalPodAutoscalers, autoscaler(spec));
    const problem =
      'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
    expect(condition('ScalingActive')).toMatchObject({
      status: 'False',
      reason: 'FailedGetResourceMetric',
      message: `the HPA was unable to compute the replica count: ${problem}`,
    });
    expect(find().status).toMatchObject({ currentReplicas: 2, desiredReplicas: 0, currentMetrics: [{ type: '' }] });
    expect(size()).toBe(2);
    const told = () => world.all(events).filter((event) => event['reason'] === 'FailedGetResourceMetric');
    expect(told()).toMatchObject([
      { type: 'Warning', note: problem, regarding: { kind: 'HorizontalPodAutoscaler', name: 'web' } },
    ]);
    await world.clock.advance(300_000);
    expect(told()).toHaveLength(1);
  });
});
