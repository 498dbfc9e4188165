/** The conditions of a pod, with the reasons and messages of the kubelet. Conditions of other components are kept. */
import { conditionsOf, containersOf } from './pod.ts';
import type { Condition, PodPhase } from './pod.ts';
import { containerOf, isReady } from './state.ts';
import type { PodState } from './state.ts';

type Verdict = { status: 'True' | 'False'; reason?: string; message?: string };

const isTrue: Verdict = { status: 'True' };

export function buildConditions(state: PodState, phase: PodPhase, now: string): Condition[] {
  const containersReady = judgeContainers(state, phase);
  const verdicts: Record<string, Verdict> = {
    PodReadyToStartContainers: { status: phase === 'Succeeded' || phase === 'Failed' ? 'False' : 'True' },
    Initialized: judgeInit(state, phase),
    Ready: containersReady,
    ContainersReady: containersReady,
    PodScheduled: isTrue,
  };
  const before = conditionsOf(state.pod);
  const own = Object.entries(verdicts).map(([type, verdict]): Condition => ({
    type,
    ...verdict,
    lastTransitionTime: sinceOf(before, type, verdict, now),
  }));
  return [...own, ...before.filter(({ type }) => !(type in verdicts))];
}

function sinceOf(before: readonly Condition[], type: string, { status }: Verdict, now: string): string {
  const same = before.find((condition) => condition.type === type && condition.status === status);
  return same?.lastTransitionTime ?? now;
}

const completed: Verdict = { status: 'False', reason: 'PodCompleted' };
const failed: Verdict = { status: 'False', reason: 'PodFailed' };

function judgeContainers(state: PodState, phase: PodPhase): Verdict {
  if (phase === 'Succeeded') return completed;
  if (phase === 'Failed') return failed;
  const unready = containersOf(state.pod)
    .filter(({ role, container }) => role !== 'init' && !isReady(containerOf(state, container.name), role))
    .map(({ container }) => container.name);
  if (unready.length === 0) return isTrue;
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function judgeInit(state: PodState, phase: PodPhase): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (state.initialized) return isTrue;
  const open = containersOf(state.pod).filter(({ role, container }) => {
    const known = containerOf(state, container.name);
    return role === 'sidecar' ? !known.started : role === 'init' && !isReady(known, role);
  });
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${open.map(({ container }) => container.name).join(' ')}]`,
  };
}
