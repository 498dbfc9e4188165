/** How many pods an autoscaler wants by a metric of the whole Deployment, and how many of them at once. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import type { Case } from '../case.ts';
import { content, held, limited, rescaled, says, type Says } from './autoscaler-conditions.ts';
import { perPod, withScaled, type MeasuredPod } from './scaled-deployment.ts';

const inTotal = (value: string): Fields => ({ type: 'Value', value });

const pods = (value: number, periodSeconds = 60): Fields => ({ type: 'Pods', value, periodSeconds });
const percent = (value: number, periodSeconds = 60): Fields => ({ type: 'Percent', value, periodSeconds });
const up = (rules: Fields): Fields => ({ behavior: { scaleUp: rules } });
const down = (rules: Fields): Fields => ({ behavior: { scaleDown: { stabilizationWindowSeconds: 0, ...rules } } });
const atOnce = down({});

/** One look: of a Deployment of this size, with so many sessions. */
type Row = {
  title: string;
  size: number | MeasuredPod[];
  sessions: number;
  target?: Fields;
  spec?: Fields;
  wants: number;
  says?: Says;
};

const rows: Row[] = [
  { title: 'as many pods as the sessions need, rounded up', size: 2, sessions: 35, wants: 4, says: rescaled },
  { title: 'a tenth above the target is borne', size: 2, sessions: 22, wants: 2, says: content },
  { title: 'more than a tenth above the target is not borne', size: 2, sessions: 23, wants: 3 },
  { title: 'a tenth below the target is borne', size: 2, sessions: 18, spec: atOnce, wants: 2, says: content },
  { title: 'a tolerance of its own', size: 2, sessions: 29, spec: up({ tolerance: '500m' }), wants: 2, says: content },
  {
    title: 'a value in total goes by the pods that are ready',
    size: [{}, {}, { ready: false }],
    sessions: 30,
    target: inTotal('15'),
    wants: 4,
  },
  { title: 'a value in total, a tenth above, is borne', size: [{}, {}], sessions: 16, target: inTotal('15'), wants: 2 },
  {
    title: 'not more than the maximum',
    size: 3,
    sessions: 60,
    spec: { maxReplicas: 4 },
    wants: 4,
    says: limited('TooManyReplicas'),
  },
  {
    title: 'not less than the minimum',
    size: 3,
    sessions: 10,
    spec: { minReplicas: 2, ...atOnce },
    wants: 2,
    says: limited('TooFewReplicas'),
  },
  { title: 'without behavior at most four at first', size: 1, sessions: 100, wants: 4, says: limited('ScaleUpLimit') },
  {
    title: 'without behavior at most twice as many at a time',
    size: 3,
    sessions: 100,
    wants: 6,
    says: limited('ScaleUpLimit'),
  },
  {
    title: 'with behavior, four more at a time',
    size: 1,
    sessions: 100,
    spec: atOnce,
    wants: 5,
    says: limited('ScaleUpLimit'),
  },
  {
    title: 'with behavior, twice as many at a time, where that is more than four',
    size: 5,
    sessions: 200,
    spec: atOnce,
    wants: 10,
    says: limited('ScaleUpLimit'),
  },
  {
    title: 'of two policies to grow the one that adds more',
    size: 2,
    sessions: 100,
    spec: up({ policies: [pods(1), percent(100)] }),
    wants: 4,
    says: limited('ScaleUpLimit'),
  },
  {
    title: 'of two policies to grow the one that adds less, where it says so',
    size: 2,
    sessions: 100,
    spec: up({ selectPolicy: 'Min', policies: [pods(1), percent(100)] }),
    wants: 3,
    says: limited('ScaleUpLimit'),
  },
  {
    title: 'a percentage is rounded up on the way up',
    size: 3,
    sessions: 100,
    spec: up({ policies: [percent(10)] }),
    wants: 4,
  },
  {
    title: 'growing disabled',
    size: 2,
    sessions: 100,
    spec: up({ selectPolicy: 'Disabled' }),
    wants: 2,
    says: held('ScaleUpLimit'),
  },
  {
    title: 'growing waits for its window',
    size: 2,
    sessions: 100,
    spec: up({ stabilizationWindowSeconds: 60 }),
    wants: 2,
    says: { ...content, AbleToScale: 'True ScaleUpStabilized' },
  },
  {
    title: 'shrinking waits five minutes',
    size: 3,
    sessions: 10,
    wants: 3,
    says: { ...content, AbleToScale: 'True ScaleDownStabilized' },
  },
  {
    title: 'shrinking without a window is done at once, to any size',
    size: 5,
    sessions: 10,
    spec: atOnce,
    wants: 1,
    says: rescaled,
  },
  {
    title: 'shrinking by one pod a minute',
    size: 5,
    sessions: 10,
    spec: down({ policies: [pods(1)] }),
    wants: 4,
    says: limited('ScaleDownLimit'),
  },
  {
    title: 'a percentage is cut on the way down',
    size: 5,
    sessions: 10,
    spec: down({ policies: [percent(10)] }),
    wants: 4,
    says: limited('ScaleDownLimit'),
  },
  {
    title: 'of two policies to shrink the one that takes more',
    size: 5,
    sessions: 10,
    spec: down({ policies: [pods(1), percent(50)] }),
    wants: 2,
    says: limited('ScaleDownLimit'),
  },
  {
    title: 'of two policies to shrink the one that takes less, where it says so',
    size: 5,
    sessions: 10,
    spec: down({ selectPolicy: 'Min', policies: [pods(1), percent(50)] }),
    wants: 4,
    says: limited('ScaleDownLimit'),
  },
  {
    title: 'shrinking disabled',
    size: 3,
    sessions: 10,
    spec: down({ selectPolicy: 'Disabled' }),
    wants: 3,
    says: held('ScaleDownLimit'),
  },
];

export const autoscaling = rows.map(
  ({ title, size, sessions, target = perPod('10'), spec, wants, says: expected = {} }): Case => ({
    title: `an autoscaler: ${title}`,
    waits: true,
    run: (api) =>
      withScaled(api, size, async (scaled) => {
        await scaled.measure(sessions);
        const seen = await scaled.autoscale({ metrics: [scaled.sessions(target)], ...spec });
        expect({ wants: seen.status.desiredReplicas, ...says(seen) }).toMatchObject({ wants, ...expected });
      }),
  }),
);
