import { afterEach, describe, expect, test } from '@jest/globals';
import { deployments, events } from '../../../../src/kube/resources.ts';
import type { Autoscaler } from '../../../../src/devcluster/controllers/autoscaling/objects.ts';
import type { AutoscalerMemory } from '../../../../src/devcluster/controllers/autoscaling/behavior.ts';
import { completeBehavior, normalize } from '../../../../src/devcluster/controllers/autoscaling/behavior.ts';
import { horizontalPodAutoscalers } from '../../../../src/devcluster/controllers/kinds.ts';
import type { Deployment } from '../../../../src/devcluster/controllers/objects.ts';
import type { World } from './world.ts';
import { deployment, startWorld } from './world.ts';

const nowMs = 1_000_000_000;
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const sessions = { type: 'External', external: { metric: { name: 'sessions' }, target: { type: 'AverageValue', averageValue: '10' } } };

const autoscaler = (spec: object): Autoscaler =>
  ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 10, metrics: [sessions], ...spec },
  }) as Autoscaler;

describe('from what the metrics ask for to what is done', () => {
  type Row = {
    title: string;
    behavior?: object;
    current: number;
    desired: number;
    min?: number;
    max?: number;
    /** Recommendations: replicas, seconds ago. */
    past?: [number, number][];
    /** Changes of the last time: added or removed, seconds ago. */
    changes?: [number, number][];
    replicas: number;
    able?: string;
    limit?: string;
  };
  const pods = (value: number, periodSeconds: number) => ({ type: 'Pods', value, periodSeconds });
  const percent = (value: number, periodSeconds: number) => ({ type: 'Percent', value, periodSeconds });
  const down = (rules: object) => ({ scaleDown: { stabilizationWindowSeconds: 0, ...rules } });
  const onePodAMinute = down({ policies: [pods(1, 60)] });
  const twoPolicies = { policies: [pods(1, 60), percent(50, 60)] };

  const rows: Row[] = [
    { title: 'within the range it is done', current: 3, desired: 5, replicas: 5, able: 'ReadyForNewScale', limit: 'DesiredWithinRange' },
    { title: 'not above the maximum', current: 5, desired: 12, replicas: 10, limit: 'TooManyReplicas' },
    { title: 'not below the minimum', current: 3, desired: 1, min: 2, replicas: 2, limit: 'TooFewReplicas' },
    { title: 'without behavior at most twice as many at a time', current: 3, desired: 9, replicas: 6, limit: 'ScaleUpLimit' },
    { title: 'or four', current: 1, desired: 9, replicas: 4, limit: 'ScaleUpLimit' },
    { title: 'without behavior down to the highest of five minutes', current: 5, desired: 2, past: [[4, 299]], replicas: 4, able: 'ScaleDownStabilized' },
    { title: 'older ones are forgotten', current: 5, desired: 2, past: [[4, 301]], replicas: 2, able: 'ReadyForNewScale' },
    { title: 'the default window of scaleDown is 300 s too', behavior: {}, current: 5, desired: 2, past: [[5, 299]], replicas: 5 },
    { title: 'no window: down at once', behavior: down({}), current: 5, desired: 2, past: [[5, 10]], replicas: 2 },
    {
      title: 'a window on the way up takes the lowest',
      behavior: { scaleUp: { stabilizationWindowSeconds: 60 } },
      current: 2,
      desired: 6,
      past: [[3, 59]],
      replicas: 3,
      able: 'ScaleUpStabilized',
    },
    { title: 'default policies up: the larger of twice and four more', behavior: {}, current: 3, desired: 10, replicas: 7, limit: 'ScaleUpLimit' },
    { title: 'and above four it is twice', behavior: {}, current: 5, desired: 30, max: 30, replicas: 10, limit: 'ScaleUpLimit' },
    { title: 'one pod a minute', behavior: onePodAMinute, current: 5, desired: 1, replicas: 4, limit: 'ScaleDownLimit' },
    { title: 'that one is gone', behavior: onePodAMinute, current: 4, desired: 1, changes: [[-1, 59]], replicas: 4, limit: 'ScaleDownLimit' },
    { title: 'the minute is over', behavior: onePodAMinute, current: 4, desired: 1, changes: [[-1, 60]], replicas: 3, limit: 'ScaleDownLimit' },
    { title: 'what was added may go again', behavior: onePodAMinute, current: 6, desired: 1, changes: [[2, 30]], replicas: 3 },
    { title: 'of several policies the largest change', behavior: down(twoPolicies), current: 8, desired: 1, replicas: 4 },
    { title: 'or the smallest', behavior: down({ ...twoPolicies, selectPolicy: 'Min' }), current: 8, desired: 1, replicas: 7 },
    { title: 'percentages are cut on the way down', behavior: down({ policies: [percent(10, 60)] }), current: 5, desired: 1, replicas: 4 },
    { title: 'and rounded up on the way up', behavior: { scaleUp: { policies: [percent(10, 60)] } }, current: 5, desired: 9, replicas: 6 },
    { title: 'disabled', behavior: down({ selectPolicy: 'Disabled' }), current: 5, desired: 1, replicas: 5, limit: 'ScaleDownLimit' },
  ];
  test.each(rows)('$title', ({ behavior, current, desired, min = 1, max = 10, past = [], changes = [], replicas, able, limit }) => {
    const memory: AutoscalerMemory = {
      recommendations: past.map(([count, ago]) => ({ replicas: count, atMs: nowMs - ago * 1000 })),
      ups: changes.filter(([change]) => change > 0).map(([change, ago]) => ({ change, atMs: nowMs - ago * 1000 })),
      downs: changes.filter(([change]) => change < 0).map(([change, ago]) => ({ change: -change, atMs: nowMs - ago * 1000 })),
    };
    const rules = completeBehavior(autoscaler(behavior === undefined ? {} : { behavior }));
    const result = normalize({ current, desired, min, max }, rules, { memory, nowMs });
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

  test('scales at once, tells why, and looks again every 15 s', async () => {
    let open = 35;
    await start(() => open);
    expect(size()).toBe(4);
    const currentMetrics = [{ type: 'External', external: { current: { averageValue: '17500m' } } }];
    expect(find().status).toMatchObject({ currentReplicas: 2, desiredReplicas: 4, currentMetrics });
    const message = 'the HPA controller was able to update the target scale to 4';
    expect(condition('AbleToScale')).toMatchObject({ status: 'True', reason: 'SucceededRescale', message });
    expect(condition('ScalingActive')).toMatchObject({ status: 'True', reason: 'ValidMetricFound' });
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
    const before = world.api.writes().length;
    await world.clock.advance(120_000);
    expect(world.api.writes()).toHaveLength(before);
  });

  test('without metrics it changes nothing and says what is missing', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(2));
    const spec = { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] };
    await world.create(horizontalPodAutoscalers, autoscaler(spec));
    const problem = 'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
    expect(condition('ScalingActive')).toMatchObject({
      status: 'False',
      reason: 'FailedGetResourceMetric',
      message: `the HPA was unable to compute the replica count: ${problem}`,
    });
    expect(find().status).toMatchObject({ currentReplicas: 2, desiredReplicas: 0, currentMetrics: [{ type: '' }] });
    expect(size()).toBe(2);
    const told = () => world.all(events).filter((event) => event['reason'] === 'FailedGetResourceMetric');
    expect(told()).toMatchObject([{ type: 'Warning', note: problem, regarding: { kind: 'HorizontalPodAutoscaler', name: 'web' } }]);
    await world.clock.advance(300_000);
    expect(told()).toHaveLength(1);
  });

  test('one metric that fails keeps it from shrinking, not from growing', async () => {
    let open = 10;
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
    await start(() => open, { metrics: [sessions, cpu] });
    expect(size()).toBe(2);
    expect(condition('ScalingActive')).toMatchObject({ status: 'False', reason: 'FailedGetResourceMetric' });
    open = 40;
    await world.clock.advance(15_000);
    expect(size()).toBe(4);
    expect(condition('ScalingActive')).toMatchObject({ status: 'True' });
  });

  test('a target of size zero switches it off', async () => {
    await start(() => 40);
    await world.patch(deployments, 'web', { spec: { replicas: 0 } });
    await world.clock.advance(15_000);
    expect(size()).toBe(0);
    expect(condition('ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' });
  });

  test('more than the maximum is brought down whatever the metrics say', async () => {
    await start(() => 1000, { maxReplicas: 3 });
    await world.patch(deployments, 'web', { spec: { replicas: 7 } });
    await world.clock.advance(15_000);
    expect(size()).toBe(3);
  });

  test('a target that is not there', async () => {
    await start(() => 40, { scaleTargetRef: { ...target, name: 'gone' } });
    expect(condition('AbleToScale')).toMatchObject({
      status: 'False',
      reason: 'FailedGetScale',
      message: 'the HPA controller was unable to get the target\'s current scale: deployments.apps "gone" not found',
    });
  });
});
