/** Connects discovery with the router, the server and the listeners: tables in, reports and handovers in and out. */
import type { ProxyProcess } from '../wire/messages.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { DiscoveryTarget } from './discovery/discovery.ts';
import { CountedEndpoints } from './discovery/counted-endpoints.ts';
import { RetainedEndpoints } from './discovery/retained-endpoints.ts';
import { createReportedKeyRings } from './discovery/report.ts';
import type { Listeners } from './net/listeners.ts';
import type { ProxyServer } from './server.ts';
import { listHandedSessions } from './sessions/handover.ts';
import { createReceivedHandovers, type ReceivedHandover } from './sessions/received-handovers.ts';
import type { ManagedRouter } from './sessions/router.ts';
import type { AppliedSettings } from './settings.ts';
import type { TableSource } from './table-source.ts';

export type TargetPorts = {
  router: ManagedRouter;
  server: Pick<ProxyServer, 'retain' | 'configureTls'>;
  settings: Pick<AppliedSettings, 'apply'>;
  listeners: Pick<Listeners, 'sync'>;
  clock: Clock;
  log: Logger;
};

export interface ProxyTarget extends DiscoveryTarget {
  /** Returns the date of the current table: when it was last known to be current. */
  asOfMs(): number;
  /** Passes the sessions of this proxy to a successor, and sends the last report. */
  handOver(source: Successors): Promise<void>;
}

/** Several replicas of the operator restart at a time, and each stream opens by itself. */
const repeatEndedAfterMs = 5000;

type Successors = Pick<TableSource, 'handOver' | 'sendLastReport'>;

export function createProxyTarget({ router, server, settings, listeners, clock, log }: TargetPorts): ProxyTarget {
  const startedAtMs = clock.nowMs();
  const handovers = createReceivedHandovers({
    nowMs: () => clock.nowMs(),
    adopt: (sessions, options) => router.adopt(sessions, options),
    onAdopted: ({ from, sessions }) => {
      log.info({ from, sessions: sessions.length }, 'sessions adopted');
    },
  });
  const endpoints = new CountedEndpoints(router.sessions.slots);
  const retained = new RetainedEndpoints();
  const keyRings = createReportedKeyRings();
  let asOfMs = 0;
  let repeatEndedAtMs = Number.POSITIVE_INFINITY;
  /** Once this proxy has handed over its sessions: it can no longer be anyone's successor. */
  let successors: Successors | undefined;
  const passedOn: Promise<void>[] = [];

  /** Passes on a handover that arrived too late, or whose pods this proxy does not know yet: without a successor its sessions would count until their idle timeout. */
  const passOn = async (to: Successors, { from, sessions, ended, ...handover }: ReceivedHandover) => {
    const processes: ProxyProcess[] = [{ uid: from, startedAtMs: handover.startedAtMs }, ...handover.successorOf];
    // It has been here before: every proxy is shutting down.
    const isBack = processes.some((process) => process.startedAtMs === startedAtMs);
    const isSent = !isBack && (await to.handOver({ startedAtMs, sessions, ended, successorOf: processes }));
    const figures = { from, sessions: sessions.length };
    if (isSent) log.info(figures, 'handover passed on');
    else log.warn(figures, 'handover not passed on: its sessions count until their idle timeout');
  };

  return {
    asOfMs: () => asOfMs,
    onTable(choice) {
      router.applyTable(choice.table, choice.asOfMs);
      if (choice.table.proxy) settings.apply(choice.table.proxy);
      if (retained.read(choice.table)) server.retain(retained.uids, retained.lost);
      server.configureTls(choice.table);
      listeners.sync(choice.table.listeners);
      asOfMs = choice.asOfMs;
      handovers.retry(asOfMs);
    },
    onConfirmed(confirmedMs) {
      router.confirmTable(confirmedMs);
      listeners.sync(router.table()?.listeners ?? []);
      asOfMs = Math.max(asOfMs, confirmedMs);
      handovers.retry(asOfMs);
    },
    draftReport(sequence) {
      const table = router.table();
      const nowMs = clock.nowMs();
      if (nowMs >= repeatEndedAtMs) {
        repeatEndedAtMs = Number.POSITIVE_INFINITY;
        router.repeatEnded();
      }
      if (table === undefined) return undefined;
      endpoints.read(table, nowMs);
      const { ended, seen, conflicts } = router.notices();
      const successorOf = handovers.predecessors(nowMs);
      const head = {
        startedAtMs,
        sequence,
        ended,
        seen,
        ...(successorOf && { successorOf }),
        keyRings: keyRings(table),
        ...(conflicts.length > 0 && { conflicts }),
      };
      return { head, endpoints };
    },
    onConnected() {
      repeatEndedAtMs = Math.min(repeatEndedAtMs, clock.nowMs() + repeatEndedAfterMs);
    },
    onEnded(sessions) {
      router.receiveEnded(sessions);
    },
    onSeen(sessions) {
      router.receiveSeen(sessions);
    },
    onHandover(handover) {
      router.adoptEnded(handover.ended);
      if (successors === undefined) handovers.receive(handover, asOfMs);
      else passedOn.push(passOn(successors, handover));
    },
    urgentChanges: () => router.urgentChanges(),
    /**
     * Hands over even without a session left: sessions in the last periodic report may have ended since, and the operator would count them
     * until their idle timeout. The last report covers the case that there is no other proxy.
     */
    async handOver(source) {
      successors = source;
      const sessions = listHandedSessions(router.sessions);
      if (sessions === undefined) {
        log.warn(
          { sessions: router.sessions.size() },
          'too many sessions to hand over: they count until their idle timeout',
        );
      } else {
        const successorOf = handovers.predecessors(clock.nowMs()) ?? [];
        const isSent = await source.handOver({ startedAtMs, sessions, ended: router.endedIds(), successorOf });
        if (isSent) log.info({ sessions: sessions.length }, 'sessions handed over');
        else if (sessions.length > 0) {
          log.warn({ sessions: sessions.length }, 'sessions not handed over: they count until their idle timeout');
        }
      }
      for (const handover of handovers.release()) passedOn.push(passOn(source, handover));
      await source.sendLastReport();
      await Promise.all(passedOn);
    },
  };
}
