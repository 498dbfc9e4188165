/** Runs one pod: observes, calls `decidePod`, performs the actions, and writes the pod's status. */
import { pods } from '../../../src/kube/resources.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { isSameJson } from '../schema/json.ts';
import { StatusError } from '../status-error.ts';
import type { PodAction } from './actions.ts';
import type { ContainerRunner } from './container-runner.ts';
import { decidePod } from './decide.ts';
import type { RecordEvent } from './events.ts';
import { observePod } from './observe.ts';
import type { ContainerObservation, PodObservation } from './observe.ts';
import type { Pod } from './pod.ts';
import { newPodState } from './state.ts';
import { podStatus } from './status.ts';
import type { PodStatus } from './status.ts';

export type WorkerWorld = {
  api: Pick<ClusterApi, 'patch' | 'delete'>;
  clock: Clock;
  log: Logger;
  record: RecordEvent;
  containers: ContainerRunner;
  /** Called once, after the pod's processes and files are gone. */
  onOver: () => void;
};

export interface PodWorker {
  seen(pod: Pod): void;
  gone(): void;
  /** Stops deciding; the caller kills the processes. */
  stop(): Promise<void>;
  /** Removes the pod's files. */
  close(): Promise<void>;
}

/** setTimeout fires at once beyond this. */
const longestTimerMs = 2 ** 31 - 1;

export function createPodWorker(world: WorkerWorld, first: Pod, podIp: string): PodWorker {
  const { api, clock, containers } = world;
  const { name, namespace = '', uid = '' } = first.metadata;
  const ref = { namespace, name };
  let state = newPodState(first, podIp, clock.nowMs());
  let cancelWake = () => {};
  let isOver = false;
  let written: PodStatus | undefined;
  let writes = Promise.resolve();

  function take(observation: PodObservation): void {
    if (isOver) return;
    state = observePod(state, observation, clock.nowMs());
    drive();
  }

  function drive(): void {
    if (isOver) return;
    cancelWake();
    const nowMs = clock.nowMs();
    const { next, actions, wakeAtMs } = decidePod(state, nowMs);
    state = next;
    if (wakeAtMs < Infinity) cancelWake = clock.after(Math.min(wakeAtMs - nowMs, longestTimerMs), drive);
    enqueue(writeStatus);
    for (const action of actions) perform(action);
  }

  function perform(action: PodAction): void {
    if (action.kind === 'finish') finish();
    else if (action.kind === 'event') world.record(action.container, action.event);
    else {
      const { container, run } = action;
      containers.perform(action, state.pod, (happened: ContainerObservation) => {
        take({ kind: 'container', name: container, run, happened });
      });
    }
  }

  function finish(): void {
    const isThere = state.ending?.reason === 'Deleted';
    isOver = true;
    if (isThere) enqueue(() => api.delete(pods, ref, { gracePeriodSeconds: 0, uid }));
    enqueue(() => containers.close());
    enqueue(async () => {
      world.onOver();
    });
  }

  /** Writes sequentially, each time the newest state. */
  function enqueue(write: () => Promise<void>): void {
    writes = writes.then(write).catch((error: unknown) => {
      // The notification of its deletion will follow.
      if (error instanceof StatusError && error.reason === 'NotFound') return;
      world.log.warn({ pod: `${namespace}/${name}`, error: describeError(error) }, 'pod cannot be written');
    });
  }

  async function writeStatus(): Promise<void> {
    const status = podStatus(state, clock.nowMs());
    if (state.ending?.reason === 'Gone' || isSameJson(status, written)) return;
    await api.patch(pods, ref, { status }, 'status');
    written = status;
  }

  // It may be terminating already.
  take({ kind: 'seen', pod: first });
  return {
    seen(pod) {
      take({ kind: 'seen', pod });
    },
    gone() {
      take({ kind: 'gone' });
    },
    async stop() {
      isOver = true;
      cancelWake();
      await containers.stop();
    },
    close: () => containers.close(),
  };
}
