/**
 * What a hold sees: the drain status of the operator, and the sessions that are counted here.
 *
 * A question to the operator waits there until the status changes. While the pod is quiet it ends with the quiet period: only a fresh status
 * releases the pod. What is counted here changes between two statuses; if that begins or ends a quiet period, the operator is asked again.
 */
import { isTerminating } from '../src/core/drain/gate.ts';
import type { DrainObservation, DrainPolicy, DrainState } from '../src/core/drain/state.ts';
import type { DrainStatus } from '../src/wire/messages.ts';
import { describeError } from '../src/platform/errors.ts';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';
import type { RecordFault } from './faults.ts';
import type { CountSources } from './sources.ts';

export type WatchPorts = {
  policy: DrainPolicy;
  operator: Pick<SidecarClient, 'drainStatus'>;
  countSources: CountSources;
  recordFault: RecordFault;
  nowMs: () => number;
  /** Between two questions while statuses change, and between two counts in the pod. */
  pollIntervalMs: number;
};

export type WatchedHold = {
  state: () => DrainState;
  apply: (observation: DrainObservation) => void;
  ended: AbortSignal;
};

/** The operator waits no longer. */
const longestWaitMs = 25_000;
const shortestWaitMs = 1000;
const longestPauseMs = 2000;

export function startWatch(ports: WatchPorts, hold: WatchedHold): void {
  const questions = createQuestions(ports, hold);
  void repeat(ports, hold, () => questions.ask());
  if (ports.policy.sources.some((type) => type !== 'Proxy')) {
    void repeat(ports, hold, () => countHere(ports, hold, () => questions.askAgain()));
  }
}

/** `act` resolves with the time until the next call. */
async function repeat(ports: WatchPorts, { ended }: WatchedHold, act: () => Promise<number>): Promise<void> {
  while (!ended.aborted) {
    try {
      await pause(await act());
    } catch (error) {
      // The next round may succeed. If none does, the hold lasts until its limit, which has its own timer.
      ports.recordFault(error, 'poll');
      await pause(ports.pollIntervalMs);
    }
  }
}

/** Only the operator knows whether the pod terminates. In a pod that does not, nothing is counted. */
async function countHere(
  { countSources, pollIntervalMs }: WatchPorts,
  { state, apply }: WatchedHold,
  onTurn: () => void,
): Promise<number> {
  if (!isTerminating(state())) return pollIntervalMs;
  const before = state().evidence.type;
  apply({ type: 'Counted', sources: await countSources() });
  if (state().evidence.type !== before) onTurn();
  return pollIntervalMs;
}

function createQuestions(ports: WatchPorts, hold: WatchedHold) {
  const { operator, countSources, nowMs, pollIntervalMs } = ports;
  const { state, apply, ended } = hold;
  let known: string | undefined;
  let failures = 0;
  let maxWaitMs = longestWaitMs;
  let turn = new AbortController();
  let askedBeforeMs = 0;

  const waitMs = (): number => {
    const { evidence, policy } = state();
    const quietMs = evidence.type === 'Quiet' ? policy.quietPeriodMs - (nowMs() - evidence.sinceMs) : Infinity;
    return Math.max(0, Math.min(quietMs, maxWaitMs));
  };

  /** Resolves with undefined if another question is due. */
  async function observe(forMs: number): Promise<DrainObservation | undefined> {
    turn = new AbortController();
    const asked = turn.signal;
    let status: DrainStatus;
    try {
      const wait = known === undefined || forMs === 0 ? undefined : { known, forMs };
      status = await operator.drainStatus(AbortSignal.any([ended, asked]), wait);
    } catch (error) {
      return asked.aborted ? undefined : failed(error);
    }
    failures = 0;
    known = status.terminating ? status.version : undefined;
    if (!status.terminating) return { type: 'Status', status };
    return { type: 'Status', status: { ...status, sources: [...status.sources, ...(await countSources())] } };
  }

  function failed(error: unknown): DrainObservation {
    failures += 1;
    // A load balancer that ends idle connections sooner is in the way, or the operator was restarted.
    if (known !== undefined) maxWaitMs = Math.max(shortestWaitMs, maxWaitMs / 2);
    known = undefined;
    return { type: 'Unreachable', reason: describeError(error) };
  }

  return {
    async ask(): Promise<number> {
      const askedMs = nowMs();
      const observation = await observe(waitMs());
      if (observation === undefined) return 0;
      apply(observation);
      if (failures > 0) return Math.min(pollIntervalMs * 2 ** (failures - 1), longestPauseMs);
      // Two at once, and not more than one in each interval: a change that comes alone is noticed at once.
      const pauseMs = 2 * pollIntervalMs - (nowMs() - askedBeforeMs);
      askedBeforeMs = askedMs;
      return Math.min(Math.max(0, pauseMs), 2 * pollIntervalMs);
    },
    /** Ends the question that waits. */
    askAgain(): void {
      turn.abort();
    },
  };
}

const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
