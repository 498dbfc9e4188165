import type { DemoEvent, DemoState } from '../../../state.ts';

/** When the demos of these tests began. */
export const startedAtMs = Date.UTC(2026, 0, 1);

export const buildEvent = (atMs: number, text: string): DemoEvent => ({
  atMs: startedAtMs + atMs,
  source: 'operator',
  reason: 'PodTerminating',
  text,
});

/** After a scale-down: two pods drain, one of them with an unknown number of sessions; one has drained. A new pod starts. */
export const scaleDown: DemoState = {
  title: 'Holdfast: 40 customers, an autoscaler takes 5 pods to 2 and back',
  step: 'the autoscaler wants 2 pods',
  elapsedMs: 42_900,
  durationMs: 120_000,
  wantedReplicas: 2,
  pods: [
    { name: 'shop-5d4c8b9f7-4xk2p', state: 'Accepting', sessions: 21 },
    { name: 'shop-5d4c8b9f7-7hj9q', state: 'Draining', sessions: undefined, heldMs: 12_000 },
    { name: 'shop-5d4c8b9f7-b2m8s', state: 'Draining', sessions: 1, heldMs: 3_999 },
    { name: 'shop-5d4c8b9f7-c6n4t', state: 'Ending', sessions: 0 },
    { name: 'shop-5d4c8b9f7-zz7vw', state: 'Starting', sessions: 0 },
  ],
  sessions: { started: 123, ended: 83, lost: 0, active: 40 },
  events: [
    { atMs: startedAtMs - 500, source: 'demo', reason: 'Started', text: 'the cluster is up' },
    {
      atMs: startedAtMs + 30_000,
      source: 'autoscaler',
      reason: 'SuccessfulRescale',
      text: 'New size: 2; reason: All metrics below target',
    },
    buildEvent(31_000, 'Pod shop-5d4c8b9f7-7hj9q: it keeps 7 sessions until they end'),
  ],
};
