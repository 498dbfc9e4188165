/**
 * Runs the drain gate: asks the operator while a hold is open, feeds the gate, and tells everyone who waits when it releases.
 *
 *     idle ── first caller ──► holding ── released: the pod terminates ──► released (for good)
 *      ▲                          │ released: NotTerminating
 *      └──────────────────────────┴ every caller hung up, and nobody has said that the pod terminates
 *
 * The two ways back to idle matter: after a liveness restart the pod lives on, and its real end needs a hold of its own.
 */
import { beginDrain, deadlineMs, drainStep, isTerminating } from '../src/core/drain/gate.ts';
import type { DrainLimits, DrainObservation, DrainRelease, DrainState } from '../src/core/drain/gate.ts';
import { describeError } from './log.ts';
import type { Log } from './log.ts';
import type { OperatorClient } from './operator-client.ts';

export interface Drain {
  /** Calls back once, when the preStop hook may be answered: at once if it was released before. The answer hangs up. */
  join(released: (release: DrainRelease) => void): () => void;
  /** For people who debug. */
  view(): { state: DrainState | undefined; callers: number };
  /** Ends the hold without releasing it, and resolves when the last report to the operator is over. */
  stop(): Promise<void>;
}

export type DrainPorts = { limits: DrainLimits; operator: OperatorClient; nowMs: () => number; log: Log; pollIntervalMs: number };

type Hold = { state(): DrainState; callers: Set<(release: DrainRelease) => void>; stop(): void };

/** The operator is told about the end, but the end does not wait for it. */
const reportTimeoutMs = 1000;
/** setTimeout fires at once beyond this. */
const longestTimerMs = 2 ** 31 - 1;

export function createDrain(ports: DrainPorts): Drain {
  const { operator, log } = ports;
  let hold: Hold | undefined;
  let report = Promise.resolve();

  function onRelease(ended: Hold, release: DrainRelease): void {
    log('Released', release);
    for (const caller of ended.callers) caller(release);
    ended.callers.clear();
    if (release.reason === 'NotTerminating') {
      hold = undefined;
      operator.close();
      return;
    }
    report = operator
      .reportDrained(release, AbortSignal.timeout(reportTimeoutMs))
      .catch((error: unknown) => {
        log('ReportFailed', { error: describeError(error) });
      })
      .finally(() => {
        operator.close();
      });
  }

  function leave(joined: Hold, caller: (release: DrainRelease) => void): void {
    if (!joined.callers.delete(caller) || joined.callers.size > 0 || isTerminating(joined.state())) return;
    log('HoldAbandoned');
    joined.stop();
    hold = undefined;
    operator.close();
  }

  return {
    join(released) {
      const release = hold?.state().release;
      if (release) {
        released(release);
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
      await report;
    },
  };
}

function openHold(ports: DrainPorts, onRelease: (hold: Hold, release: DrainRelease) => void): Hold {
  const { limits, nowMs, log } = ports;
  const ended = new AbortController();
  let state = beginDrain(limits, nowMs());
  let timer: NodeJS.Timeout | undefined;

  const apply = (observation: DrainObservation): void => {
    if (ended.signal.aborted) return;
    const before = state;
    const step = drainStep(state, observation, nowMs());
    state = step.state;
    clearTimeout(timer);
    logChange(log, before, state);
    if (step.action.type === 'Hold') {
      // The deadline has a timer of its own: a question to the operator may hang beyond it.
      timer = setTimeout(apply, Math.min(Math.max(step.action.deadlineMs - nowMs(), 1), longestTimerMs), { type: 'TimePassed' });
    } else {
      ended.abort();
      onRelease(hold, step.action.release);
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
  log('HoldStarted', { ...limits });
  apply({ type: 'TimePassed' });
  void poll(ports, ended.signal, apply);
  return hold;
}

async function poll({ operator, pollIntervalMs }: DrainPorts, ended: AbortSignal, apply: (observation: DrainObservation) => void): Promise<void> {
  while (!ended.aborted) {
    apply(await ask(operator, ended));
    await pause(pollIntervalMs);
  }
}

async function ask(operator: OperatorClient, ended: AbortSignal): Promise<DrainObservation> {
  try {
    return { type: 'Answer', answer: await operator.askDrain(ended) };
  } catch (error) {
    return { type: 'Unreachable', why: describeError(error) };
  }
}

const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });

/** A line when the kind of evidence or the deadline changes: not for each of the four answers a second. */
function logChange(log: Log, before: DrainState, after: DrainState): void {
  if (after.evidence.type !== before.evidence.type) log('EvidenceChanged', { ...after.evidence, wasKnown: before.evidence.type !== 'Unknown' });
  if (after.killAtMs && deadlineMs(after) !== deadlineMs(before)) log('DeadlineMoved', { deadline: new Date(deadlineMs(after)).toISOString() });
}
