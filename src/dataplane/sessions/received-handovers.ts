/**
 * The handovers that this proxy received as the successor of another proxy.
 *
 *     received ─► the table has all of their pods ─► sessions counted here ─► predecessor named in reports for ten minutes
 *                      ▲          │ no
 *                      └──────────┘ retried with each newer table; in one that is certainly newer than the handover, only deleted pods are
 *                                   missing
 *
 * The operator's response to the predecessor means that the handover was sent, not that it was received: until this proxy names the
 * predecessor in its reports, the operator counts the predecessor's last report.
 */
import type { HandedSession, Handover, ProxyProcess } from '../../wire/messages.ts';

export type ReceivedHandover = Handover & { from: string };

/** Counts the sessions here. Returns false, and counts none, if the table lacks one of their pods and `pastLag` is false. */
export type AdoptSessions = (sessions: readonly HandedSession[], options: { pastLag: boolean }) => boolean;

export interface ReceivedHandovers {
  /** `asOfMs`: the date of the table by which requests are routed. */
  receive(handover: ReceivedHandover, asOfMs: number): void;
  /** Must be called with a newer table, or when the table is still current as of a later time. */
  retry(asOfMs: number): void;
  /** Returns the handovers that still wait for their pods, and forgets them. */
  release(): ReceivedHandover[];
  /** Returns the processes whose sessions are counted here, for the next report. Undefined: none. */
  predecessors(nowMs: number): ProxyProcess[] | undefined;
}

export type ReceivedHandoverPorts = {
  nowMs: () => number;
  adopt: AdoptSessions;
  onAdopted: (handover: ReceivedHandover) => void;
};

/**
 * The replicas of the operator see a new pod at different times, and the predecessor's table may be from a faster one. Twice the heartbeat
 * interval (2 s), and the difference that the replicas' clocks may have (5 s).
 */
const tableLagMs = 9000;

/** A replica of the operator that is currently unreachable still receives one of the reports of this time. */
const namedForMs = 10 * 60_000;

export function createReceivedHandovers({ nowMs, adopt, onAdopted }: ReceivedHandoverPorts): ReceivedHandovers {
  let waiting: { handover: ReceivedHandover; asOfMs: number }[] = [];
  let named: (ProxyProcess & { sinceMs: number })[] = [];

  const settle = (handover: ReceivedHandover, pastLag: boolean) => {
    if (!adopt(handover.sessions, { pastLag })) return false;
    const { from, startedAtMs, successorOf } = handover;
    const sinceMs = nowMs();
    named.push(...[{ uid: from, startedAtMs }, ...successorOf].map((process) => ({ ...process, sinceMs })));
    onAdopted(handover);
    return true;
  };

  return {
    receive(handover, asOfMs) {
      if (!settle(handover, false)) waiting.push({ handover, asOfMs });
    },
    retry(asOfMs) {
      waiting = waiting.filter(({ handover, asOfMs: sinceMs }) => !settle(handover, asOfMs - sinceMs >= tableLagMs));
    },
    release() {
      const released = waiting.map(({ handover }) => handover);
      waiting = [];
      return released;
    },
    predecessors(atMs) {
      named = named.filter(({ sinceMs }) => atMs - sinceMs <= namedForMs);
      return named.length === 0 ? undefined : named.map(({ uid, startedAtMs }) => ({ uid, startedAtMs }));
    },
  };
}
