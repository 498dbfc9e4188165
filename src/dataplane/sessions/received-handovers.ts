/**
 * Handovers that this proxy received as the successor of another one.
 *
 *     received ──► its table has all of their pods ──► counted here ──► named in reports for ten minutes
 *                       ▲          │ no
 *                       └──────────┘ each newer table; from one that is certainly newer than the handover only deleted pods are missing
 *
 * The operator's answer to the other proxy means that the handover was sent, not that it was received: until this proxy names the other
 * one in its reports, the operator goes on counting what that one reported.
 */
import type { HandedSession, Handover, ProxyProcess } from '../../wire/messages.ts';

export type ReceivedHandover = Handover & { from: string };

/** Counts the sessions here. `false`, and none is counted: the table lacks a pod of theirs, and `pastLag` is false. */
export type InheritSessions = (sessions: readonly HandedSession[], options: { pastLag: boolean }) => boolean;

export interface ReceivedHandovers {
  /** `asOfMs`: of the table that requests are routed by. */
  receive(handover: ReceivedHandover, asOfMs: number): void;
  /** A newer table, or the same one as of a later time. */
  retry(asOfMs: number): void;
  /** For the next report: the processes whose sessions are counted here. Undefined: none. */
  inherited(nowMs: number): ProxyProcess[] | undefined;
}

export type ReceivedHandoverPorts = {
  nowMs: () => number;
  inherit: InheritSessions;
  onInherited: (handover: ReceivedHandover) => void;
};

/**
 * The replicas of the operator see a new pod at different times, and the other proxy's table may be that of a faster one. Twice the
 * heartbeat interval (2 s), and the difference that the replicas' clocks may have (5 s).
 */
const tableLagMs = 9000;

/** Also a replica of the operator that is currently unreachable receives one of the reports of this time. */
const namedForMs = 10 * 60_000;

export function createReceivedHandovers({ nowMs, inherit, onInherited }: ReceivedHandoverPorts): ReceivedHandovers {
  let waiting: { handover: ReceivedHandover; asOfMs: number }[] = [];
  let named: (ProxyProcess & { sinceMs: number })[] = [];

  const settle = (handover: ReceivedHandover, pastLag: boolean) => {
    if (!inherit(handover.sessions, { pastLag })) return false;
    const { from, startedAtMs, inherited } = handover;
    const sinceMs = nowMs();
    named.push(...[{ uid: from, startedAtMs }, ...inherited].map((process) => ({ ...process, sinceMs })));
    onInherited(handover);
    return true;
  };

  return {
    receive(handover, asOfMs) {
      if (!settle(handover, false)) waiting.push({ handover, asOfMs });
    },
    retry(asOfMs) {
      waiting = waiting.filter(({ handover, asOfMs: sinceMs }) => !settle(handover, asOfMs - sinceMs >= tableLagMs));
    },
    inherited(atMs) {
      named = named.filter(({ sinceMs }) => atMs - sinceMs <= namedForMs);
      return named.length === 0 ? undefined : named.map(({ uid, startedAtMs }) => ({ uid, startedAtMs }));
    },
  };
}
