/** The decisions for a pod as text, without processes: a test reports what happens to it. */
import type { PodAction } from '../../../kubelet/actions.ts';
import { decidePod } from '../../../kubelet/decide.ts';
import { observePod } from '../../../kubelet/observe.ts';
import type { ContainerObservation } from '../../../kubelet/observe.ts';
import type { Pod, PodSpec } from '../../../kubelet/pod.ts';
import { containerOf, newPodState } from '../../../kubelet/state.ts';
import type { PodState } from '../../../kubelet/state.ts';
import { podStatus } from '../../../kubelet/status.ts';
import type { PodStatus } from '../../../kubelet/status.ts';
import type { ObjectMeta } from '../../../../../src/kube/ports.ts';

export type Play = {
  /** Advances the time. Returns the actions, such as `12s start app`. */
  wait(ms: number): string[];
  /** Reports that a process has started, exited, been probed. Returns the actions that follow at once. */
  report(container: string, happened: ContainerObservation): string[];
  /** Changes the object. Returns the actions. */
  change(metadata: Partial<ObjectMeta>, status?: object): string[];
  gone(): string[];
  status(): PodStatus;
};

const startMs = Date.UTC(2026, 0, 1);

export function playPod(spec: PodSpec): Play {
  let nowMs = startMs;
  const pod = (metadata: Partial<ObjectMeta>, status?: object): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', uid: 'u1', ...metadata, name: 'cart' },
    spec,
    ...(status && { status }),
  });
  let state: PodState = newPodState(pod({}), '127.64.0.1', nowMs);
  let wakeAtMs = nowMs;

  function decide(): string[] {
    const step = decidePod(state, nowMs);
    state = step.next;
    ({ wakeAtMs } = step);
    return step.actions.map((action) => `${(nowMs - startMs) / 1000}s ${wordsOf(action)}`);
  }

  return {
    wait(ms) {
      const endMs = nowMs + ms;
      const decided: string[] = [];
      while (wakeAtMs <= endMs) {
        nowMs = Math.max(nowMs, wakeAtMs);
        decided.push(...decide());
      }
      nowMs = endMs;
      return decided;
    },
    report(name, happened) {
      state = observePod(state, { kind: 'container', name, run: containerOf(state, name).run, happened }, nowMs);
      return decide();
    },
    change(metadata, status) {
      state = observePod(state, { kind: 'seen', pod: pod(metadata, status) }, nowMs);
      return decide();
    },
    gone() {
      state = observePod(state, { kind: 'gone' }, nowMs);
      return decide();
    },
    status: () => podStatus(state, nowMs),
  };
}

function wordsOf(action: PodAction): string {
  if (action.kind === 'finish') return 'finish';
  if (action.kind === 'event') return `event ${action.event.reason} ${action.container}`;
  if (action.kind === 'signal') return `${action.signal} ${action.container}`;
  if (action.kind === 'probe') return `probe ${action.container} ${action.probe}`;
  return `${action.kind} ${action.container}`;
}

export const deletedWith = (seconds: number): Partial<ObjectMeta> => ({
  deletionTimestamp: '2026-01-01T01:00:00Z',
  deletionGracePeriodSeconds: seconds,
});
