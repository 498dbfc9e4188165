/** What an autoscaler does from one look to the next, and what it says. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import type { Case } from '../case.ts';
import { content, explains, held, rescaled, says } from './autoscaler-conditions.ts';
import { perPod, withScaled } from './scaled-deployment.ts';

const atOnce = { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } };

/** Sessions that nobody measures. */
const nobody = {
  matchLabels: { b: '2', app: 'nobody' },
  matchExpressions: [
    { key: 'tier', operator: 'In', values: ['x', 'y'] },
    { key: 'old', operator: 'DoesNotExist' },
  ],
};
const unmeasured: Fields = {
  type: 'External',
  external: { metric: { name: 'sessions', selector: nobody }, target: perPod('10') },
};

/** As the controller prints the selector. */
const selected = (name: string): string =>
  `&LabelSelector{MatchLabels:map[string]string{app: ${name},},MatchExpressions:[]LabelSelectorRequirement{},}`;

const telling: Case[] = [
  {
    title: 'an autoscaler that grows a Deployment says what it measured, what it wants, when and why',
    waits: true,
    run: (api) =>
      withScaled(api, 2, async (scaled) => {
        await scaled.measure(35);
        const seen = await scaled.autoscale({ metrics: [scaled.sessions(perPod('10'))] });
        const external = {
          metric: { name: 'sessions', selector: { matchLabels: { app: scaled.name } } },
          current: { averageValue: '17500m' },
        };
        expect(seen.status).toMatchObject({
          currentReplicas: 2,
          desiredReplicas: 4,
          currentMetrics: [{ type: 'External', external }],
          lastScaleTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+Z$/),
        });
        expect(explains(seen, 'AbleToScale')).toBe('the HPA controller was able to update the target scale to 4');
        expect(explains(seen, 'ScalingActive')).toBe(
          `the HPA was able to successfully calculate a replica count from external metric sessions(${selected(scaled.name)})`,
        );
        await scaled.size(4);
        expect(await scaled.told('SuccessfulRescale')).toBe(
          `New size: 4; reason: external metric sessions(${selected(scaled.name)}) above target`,
        );
        const later = await scaled.autoscaler(({ status }) => status.currentReplicas === 4);
        expect({ desired: later.status.desiredReplicas, since: later.status.lastScaleTime, ...says(later) }).toEqual({
          desired: 4,
          since: seen.status.lastScaleTime,
          ...content,
        });
      }),
  },
  {
    title: 'an autoscaler that shrinks a Deployment says that all is below its targets',
    waits: true,
    run: (api) =>
      withScaled(api, 3, async (scaled) => {
        await scaled.measure(10);
        await scaled.autoscale({ metrics: [scaled.sessions(perPod('10'))], ...atOnce });
        await scaled.size(1);
        expect(await scaled.told('SuccessfulRescale')).toBe('New size: 1; reason: All metrics below target');
      }),
  },
  {
    title: 'an autoscaler whose metrics all fail changes nothing, and says which and why',
    waits: true,
    run: (api) =>
      withScaled(api, 2, async (scaled) => {
        const seen = await scaled.autoscale({ metrics: [unmeasured, unmeasured], ...atOnce });
        expect({ ...seen.status, ...says(seen) }).toMatchObject({
          currentReplicas: 2,
          desiredReplicas: 0,
          AbleToScale: 'True SucceededGetScale',
          ScalingActive: 'False FailedGetExternalMetric',
        });
        const selector =
          '&LabelSelector{MatchLabels:map[string]string{app: nobody,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:tier,Operator:In,Values:[x y],},LabelSelectorRequirement{Key:old,Operator:DoesNotExist,Values:[],},},}';
        const problem = `unable to get external metric ${api.namespace}/sessions/${selector}: no metrics returned from external metrics API`;
        expect(explains(seen, 'ScalingActive')).toBe(`the HPA was unable to compute the replica count: ${problem}`);
        expect(await scaled.told('FailedGetExternalMetric')).toBe(problem);
        expect(await scaled.told('FailedComputeMetricsReplicas')).toBe(
          `invalid metrics (2 invalid out of 2), first error is: failed to get sessions external metric value: failed to get sessions external metric: ${problem}`,
        );
        await scaled.size(2);
      }),
  },
  {
    title: 'an autoscaler of what is not there says so',
    waits: true,
    run: (api) =>
      withScaled(api, 0, async (scaled) => {
        const seen = await scaled.autoscale({
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gone' },
          metrics: [unmeasured],
        });
        expect(says(seen)).toEqual({ AbleToScale: 'False FailedGetScale' });
        expect(explains(seen, 'AbleToScale')).toBe(
          `the HPA controller was unable to get the target's current scale: deployments.apps "gone" not found`,
        );
      }),
  },
];

const several: Case[] = [
  {
    title: 'an autoscaler of several metrics goes by the one that wants most',
    waits: true,
    run: (api) =>
      withScaled(api, 2, async (scaled) => {
        await scaled.measure(35);
        const seen = await scaled.autoscale({
          metrics: [scaled.sessions(perPod('20')), scaled.sessions(perPod('10'))],
        });
        expect(seen.status).toMatchObject({
          desiredReplicas: 4,
          currentMetrics: [{ type: 'External' }, { type: 'External' }],
        });
      }),
  },
  {
    title: 'an autoscaler with a metric that fails grows by the others',
    waits: true,
    run: (api) =>
      withScaled(api, 2, async (scaled) => {
        await scaled.measure(35);
        const seen = await scaled.autoscale({ metrics: [unmeasured, scaled.sessions(perPod('10'))] });
        expect({ wants: seen.status.desiredReplicas, ...says(seen) }).toEqual({ wants: 4, ...rescaled });
      }),
  },
  {
    title: 'an autoscaler with a metric that fails does not shrink by the others',
    waits: true,
    run: (api) =>
      withScaled(api, 3, async (scaled) => {
        await scaled.measure(10);
        const seen = await scaled.autoscale({ metrics: [scaled.sessions(perPod('10')), unmeasured], ...atOnce });
        expect(says(seen)).toMatchObject({ ScalingActive: 'False FailedGetExternalMetric' });
        await scaled.size(3);
      }),
  },
];

const bounds: Case[] = [
  {
    title: 'an autoscaler is switched off by a size of zero, and on again by another',
    waits: true,
    run: (api) =>
      withScaled(api, 0, async (scaled) => {
        await scaled.measure(35);
        const seen = await scaled.autoscale({ metrics: [scaled.sessions(perPod('10'))] });
        expect(explains(seen, 'ScalingActive')).toBe(
          'scaling is disabled since the replica count of the target is zero',
        );
        expect(says(seen)).toEqual({ AbleToScale: 'True SucceededGetScale', ScalingActive: 'False ScalingDisabled' });
        await scaled.resize(1);
        await scaled.size(4);
      }),
  },
  ...[
    {
      where: 'below the minimum',
      by: { minReplicas: 3 },
      size: 1,
      to: 3,
      why: 'Current number of replicas below Spec.MinReplicas',
    },
    {
      where: 'above the maximum',
      by: { maxReplicas: 2 },
      size: 4,
      to: 2,
      why: 'Current number of replicas above Spec.MaxReplicas',
    },
  ].map(({ where, by, size, to, why }): Case => ({
    title: `a Deployment that a person brings ${where} is brought back, even when metrics fail`,
    waits: true,
    run: (api) =>
      withScaled(api, to, async (scaled) => {
        await scaled.autoscale({ metrics: [unmeasured], ...by });
        await scaled.resize(size);
        expect(await scaled.told('SuccessfulRescale')).toBe(`New size: ${to}; reason: ${why}`);
        await scaled.size(to);
      }),
  })),
];

const sizeIs =
  (replicas: number) =>
  ({ status }: Body): boolean =>
    status.currentReplicas === replicas && status.desiredReplicas === replicas;

const overTime: Case[] = [
  {
    title: 'an autoscaler that may shrink after a window keeps the most that was wanted in it, and then shrinks',
    waits: true,
    run: (api) =>
      withScaled(api, 2, async (scaled) => {
        await scaled.measure(40);
        await scaled.autoscale({
          metrics: [scaled.sessions(perPod('10'))],
          behavior: { scaleDown: { stabilizationWindowSeconds: 4 } },
        });
        await scaled.autoscaler(sizeIs(4));
        await scaled.measure(10);
        const waiting = await scaled.autoscaler((autoscaler) => says(autoscaler).AbleToScale !== content.AbleToScale);
        expect({ size: waiting.status.currentReplicas, ...says(waiting) }).toEqual({
          size: 4,
          ...content,
          AbleToScale: 'True ScaleDownStabilized',
        });
        await scaled.autoscaler(sizeIs(1));
      }),
  },
  {
    title: 'an autoscaler that may add one pod a period adds the next when it is over',
    waits: true,
    run: (api) =>
      withScaled(api, 1, async (scaled) => {
        await scaled.measure(30);
        await scaled.autoscale({
          metrics: [scaled.sessions(perPod('10'))],
          behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 4 }] } },
        });
        const waiting = await scaled.autoscaler(sizeIs(2));
        expect(says(waiting)).toEqual(held('ScaleUpLimit'));
        await scaled.autoscaler(sizeIs(3));
      }),
  },
];

export const autoscalerConduct: Case[] = [...telling, ...several, ...bounds, ...overTime];
