/**
 * Runs the drain gate: while a hold is open, passes what `watch.ts` sees to the gate, and notifies all callers of its release.
 *
 *     idle ── first caller ──► holding ── released: the pod terminates ──► released (for good)
 *      ▲                          │ released: NotTerminating
 *      └──────────────────────────┴ every caller has disconnected, and the pod is not known to terminate
 *
 * The two ways back to idle matter: after a liveness restart the pod continues to run, and its termination needs another hold.
 */
import { drainStep, isTerminating } from '../src/core/drain/gate.ts';
import { beginDrain } from '../src/core/drain/state.ts';
import type { DrainObservation, DrainPolicy, DrainState, ReleasedState } from '../src/core/drain/state.ts';
import { deadlineMs } from '../src/core/drain/limit.ts';
import type { Log } from './log.ts';
import type { Counters } from './counters.ts';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';
import { createReport } from './report.ts';
import { startWatch, type WatchPorts } from './watch.ts';

export interface Drain {
  /**
   * Calls back once, when the preStop hook may be answered; at once if the hold has been released before. Returns a function for a caller
   * that disconnects.
   */
  join(released: OnReleased): () => void;
  /** Returns the state for debugging and metrics. */
  view(): DrainView;
  /** Ends the hold without releasing it. Resolves when the last report to the operator has finished. */
  stop(): Promise<void>;
}

export type OnReleased = (state: ReleasedState) => void;
export type DrainView = { state: DrainState | undefined; callers: number };

export type DrainPorts = WatchPorts & {
  policy: DrainPolicy;
  operator: SidecarClient;
  counters: Counters;
  log: Log;
};

type Hold = { state(): DrainState; callers: Set<OnReleased>; stop(): void };

/** With a longer delay, setTimeout fires at once. */
const longestTimerMs = 2 ** 31 - 1;

export function createDrain(ports: DrainPorts): Drain {
  const { operator, recordFault, log } = ports;
  const report = createReport(operator, log);
  let hold: Hold | undefined;

  function onRelease(ended: Hold, state: ReleasedState): void {
    const { release } = state;
    log('Released', release);
    for (const caller of ended.callers) notify(caller, state);
    ended.callers.clear();
    if (release.reason === 'NotTerminating') {
      hold = undefined;
      operator.close();
      return;
    }
    report.send(release);
  }

  /** An error of one caller must not keep the others waiting. */
  function notify(caller: OnReleased, state: ReleasedState): void {
    try {
      caller(state);
    } catch (error) {
      recordFault(error, 'poll');
    }
  }

  function leave(joined: Hold, caller: OnReleased): void {
    if (!joined.callers.delete(caller) || joined.callers.size > 0 || isTerminating(joined.state())) return;
    log('HoldAbandoned');
    joined.stop();
    hold = undefined;
    operator.close();
  }

  return {
    join(released) {
      const state = hold?.state();
      if (state?.release) {
        released({ ...state, release: state.release });
        return () => undefined;
      }
      const joined = (hold ??= openHold(ports, onRelease));
      joined.callers.add(released);
      return () => {
        leave(joined, released);
      };
    },
    view: () => ({ state: hold?.state(), callers: hold?.callers.size ?? 0 }),
    async stop() {
      hold?.stop();
      await report.finish();
    },
  };
}

function openHold(ports: DrainPorts, onRelease: (hold: Hold, state: ReleasedState) => void): Hold {
  const { policy, nowMs, log } = ports;
  const ended = new AbortController();
  let state = beginDrain(policy, nowMs());
  let timer: NodeJS.Timeout | undefined;

  const apply = (observation: DrainObservation): void => {
    if (ended.signal.aborted) return;
    const before = state;
    const step = drainStep(state, observation, nowMs());
    state = step.state;
    clearTimeout(timer);
    logChange(log, before, state);
    if (step.action.type === 'Hold') {
      // The deadline has its own timer: a request to the operator may hang beyond it.
      timer = setTimeout(apply, Math.min(Math.max(step.action.deadlineMs - nowMs(), 1), longestTimerMs), {
        type: 'TimePassed',
      });
    } else {
      ended.abort();
      onRelease(hold, { ...state, release: step.action.release });
    }
  };
  const hold: Hold = {
    state: () => state,
    callers: new Set(),
    stop() {
      clearTimeout(timer);
      ended.abort();
    },
  };
  log('HoldStarted', { ...policy, sources: policy.sources.join(',') });
  apply({ type: 'TimePassed' });
  startWatch(ports, { state: () => state, apply, ended: ended.signal });
  return hold;
}

/** Logs changes of the kind of evidence and of the deadline, not each response. */
function logChange(log: Log, before: DrainState, after: DrainState): void {
  if (after.evidence.type !== before.evidence.type) {
    log('EvidenceChanged', { ...after.evidence, wasKnown: before.evidence.type !== 'Unknown' });
  }
  if (after.killAtMs && deadlineMs(after) !== deadlineMs(before)) {
    log('DeadlineMoved', { deadline: new Date(deadlineMs(after)).toISOString() });
  }
}
