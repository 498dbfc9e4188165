/** How many pods an autoscaler wants by the CPU that they use: which of them count, and for how much. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import type { Case } from '../case.ts';
import { withScaled, type MeasuredPod, type Scaled } from './scaled-deployment.ts';

const cpu = (target: Fields): Fields => ({ type: 'Resource', resource: { name: 'cpu', target } });
const share = (averageUtilization: number): Fields => cpu({ type: 'Utilization', averageUtilization });

/** Pods that are ready since long and use so much of the one CPU that they request. */
const using = (...amounts: string[]): MeasuredPod[] => amounts.map((amount) => ({ cpu: amount }));
const unmeasured: MeasuredPod = {};
const neverReady = (amount: string): MeasuredPod => ({ cpu: amount, ready: false });
const noMoreReady = (amount: string): MeasuredPod => ({
  cpu: amount,
  ready: false,
  readySince: '2026-01-02T00:00:00Z',
});
const starting = (amount: string): MeasuredPod => ({ cpu: amount, isNew: true });
const pending: MeasuredPod = { phase: 'Pending', ready: false };

type Row = { title: string; pods: MeasuredPod[]; target: number; wants: number; percent: number };

const rows: Row[] = [
  { title: 'up, by the average of the pods', pods: using('300m', '500m', '700m'), target: 30, wants: 5, percent: 50 },
  { title: 'down', pods: using('100m', '300m', '500m', '250m', '250m'), target: 50, wants: 3, percent: 28 },
  { title: 'within a tenth nothing changes', pods: using('520m', '530m', '540m'), target: 50, wants: 3, percent: 53 },
  { title: 'a percentage is cut, not rounded', pods: using('559m', '559m'), target: 50, wants: 2, percent: 55 },
  {
    title: 'a pod that was never ready is idle on the way up',
    pods: [neverReady('300m'), ...using('500m', '700m')],
    target: 30,
    wants: 4,
    percent: 60,
  },
  {
    title: 'a pod that was never ready is idle, which may keep the size',
    pods: [...using('675m', '675m', '675m', '675m'), neverReady('675m')],
    target: 50,
    wants: 5,
    percent: 67,
  },
  {
    title: 'a pod that was never ready is left out on the way down',
    pods: [...using('100m', '300m', '500m'), neverReady('250m'), neverReady('250m')],
    target: 50,
    wants: 2,
    percent: 30,
  },
  {
    title: 'a pod that is no more ready counts',
    pods: [...using('300m'), noMoreReady('900m')],
    target: 30,
    wants: 4,
    percent: 60,
  },
  {
    title: 'a pod whose use is that of its start is idle on the way up',
    pods: [...using('300m', '500m'), starting('700m')],
    target: 30,
    wants: 3,
    percent: 40,
  },
  {
    title: 'a pod that is pending is idle on the way up',
    pods: [...using('500m', '700m'), pending],
    target: 30,
    wants: 4,
    percent: 60,
  },
  {
    title: 'a pod that is pending is left out on the way down',
    pods: [...using('100m', '100m'), pending],
    target: 50,
    wants: 1,
    percent: 10,
  },
  {
    title: 'idle pods never turn up into down',
    pods: [...using('600m', '600m'), neverReady('0'), neverReady('0')],
    target: 50,
    wants: 4,
    percent: 60,
  },
  {
    title: 'a pod that is not measured is idle on the way up',
    pods: [...using('1900m'), unmeasured],
    target: 100,
    wants: 2,
    percent: 190,
  },
  {
    title: 'a pod that is not measured uses all that it requests on the way down',
    pods: [...using('400m', '95m'), unmeasured, unmeasured],
    target: 100,
    wants: 3,
    percent: 24,
  },
  {
    title: 'a pod that is not measured may keep the size',
    pods: [...using('600m'), unmeasured],
    target: 100,
    wants: 2,
    percent: 60,
  },
  {
    title: 'a pod that is not measured uses the target, where that is more than it requests',
    pods: [...using('1000m'), unmeasured],
    target: 200,
    wants: 2,
    percent: 100,
  },
  {
    title: 'pods not measured, at the target',
    pods: [...using('1000m'), unmeasured],
    target: 100,
    wants: 2,
    percent: 100,
  },
  {
    title: 'pods not measured and never ready: up',
    pods: [neverReady('100m'), ...using('2000m'), unmeasured],
    target: 50,
    wants: 4,
    percent: 200,
  },
  {
    title: 'pods not measured and never ready: down',
    pods: [neverReady('100m'), ...using('100m', '100m'), unmeasured],
    target: 50,
    wants: 3,
    percent: 10,
  },
  {
    title: 'pods not measured and never ready: not down after all',
    pods: [neverReady('100m'), ...using('250m', '250m'), unmeasured],
    target: 50,
    wants: 4,
    percent: 25,
  },
  {
    title: 'pods not measured and never ready: within a tenth',
    pods: [neverReady('100m'), ...using('450m'), unmeasured],
    target: 50,
    wants: 3,
    percent: 45,
  },
];

const autoscale = (scaled: Scaled, metric: Fields): Promise<Body> =>
  scaled.autoscale({ metrics: [metric], behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } });

const looks = rows.map(({ title, pods, target, wants, percent }): Case => ({
  title: `by CPU, to ${target} % of ${pods.length} pods at ${percent} %: ${title}`,
  waits: true,
  run: (api) =>
    withScaled(api, pods, async (scaled) => {
      const { status } = await autoscale(scaled, share(target));
      expect(status).toMatchObject({
        desiredReplicas: wants,
        currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }],
      });
    }),
}));

const more: Case[] = [
  {
    title: 'by CPU, to an amount: what pods request does not matter',
    waits: true,
    run: (api) =>
      withScaled(api, using('500m', '700m'), async (scaled) => {
        const { status } = await autoscale(scaled, cpu({ type: 'AverageValue', averageValue: '300m' }));
        expect(status).toMatchObject({
          desiredReplicas: 4,
          currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageValue: '600m' } } }],
        });
        expect(await scaled.told('SuccessfulRescale')).toBe('New size: 4; reason: cpu resource above target');
      }),
  },
  {
    title: 'by CPU, and nothing is measured: the autoscaler says so',
    waits: true,
    run: (api) =>
      withScaled(api, [unmeasured], async (scaled) => {
        await autoscale(scaled, share(50));
        const problem =
          'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
        expect(await scaled.told('FailedGetResourceMetric')).toBe(problem);
        expect(await scaled.told('FailedComputeMetricsReplicas')).toBe(
          `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${problem}`,
        );
      }),
  },
  {
    title: 'by CPU, and only pods that start are measured: the autoscaler says so',
    waits: true,
    run: (api) =>
      withScaled(api, [starting('300m')], async (scaled) => {
        await autoscale(scaled, share(50));
        expect(await scaled.told('FailedGetResourceMetric')).toBe(
          'failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)',
        );
      }),
  },
  {
    title: 'by a share of memory, of which the pods request none: the autoscaler names container and pod',
    waits: true,
    run: (api) =>
      withScaled(api, using('300m'), async (scaled) => {
        await autoscale(scaled, {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } },
        });
        expect(await scaled.told('FailedGetResourceMetric')).toMatch(
          /^failed to get memory utilization: missing request for memory in container app of Pod web-/,
        );
      }),
  },
];

export const processorUse: Case[] = [...looks, ...more];
