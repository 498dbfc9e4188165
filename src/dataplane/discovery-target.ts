/** Connects discovery with the router, the server and the listeners: tables in, reports and handovers in and out. */
import type { Endpoint } from '../wire/routing-table.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { DiscoveryTarget } from './discovery/discovery.ts';
import { buildReport } from './discovery/report.ts';
import type { Listeners } from './net/listeners.ts';
import type { Http1Server } from './server.ts';
import { listHandedSessions } from './sessions/handover.ts';
import { createReceivedHandovers } from './sessions/received-handovers.ts';
import type { ManagedRouter } from './sessions/router.ts';
import type { AppliedSettings } from './settings.ts';
import type { TableSource } from './table-source.ts';

export type TargetPorts = {
  router: ManagedRouter;
  server: Pick<Http1Server, 'retain'>;
  settings: Pick<AppliedSettings, 'apply'>;
  listeners: Pick<Listeners, 'sync'>;
  clock: Clock;
  log: Logger;
};

export interface ProxyTarget extends DiscoveryTarget {
  /** Returns the date of the current table: when it was last known to be current. */
  asOfMs(): number;
  /** Passes the sessions of this proxy to a successor, and sends the last report. */
  handOver(source: Pick<TableSource, 'handOver' | 'sendLastReport'>): Promise<void>;
}

export function createProxyTarget({ router, server, settings, listeners, clock, log }: TargetPorts): ProxyTarget {
  const startedAtMs = clock.nowMs();
  const handovers = createReceivedHandovers({
    nowMs: () => clock.nowMs(),
    adopt: (sessions, options) => router.adopt(sessions, options),
    onAdopted: ({ from, sessions }) => {
      log.info({ from, sessions: sessions.length }, 'sessions adopted');
    },
  });
  let asOfMs = 0;
  let tables = 0;
  let hasHandedOver = false;
  return {
    asOfMs: () => asOfMs,
    onTable(choice) {
      router.applyTable(choice.table, choice.asOfMs);
      settings.apply(choice.table.proxy);
      const endpoints = Object.values(choice.table.backends).flatMap((backend) => backend.endpoints);
      server.retain(uidsOf(endpoints), uidsOf(endpoints.filter(({ nodeLost }) => nodeLost)));
      listeners.sync(choice.table.listeners);
      asOfMs = choice.asOfMs;
      tables += 1;
      handovers.retry(asOfMs);
    },
    onConfirmed(confirmedMs) {
      router.confirmTable(confirmedMs);
      listeners.sync(router.table()?.listeners ?? []);
      asOfMs = Math.max(asOfMs, confirmedMs);
      handovers.retry(asOfMs);
    },
    buildReport(sequence) {
      const table = router.table();
      const nowMs = clock.nowMs();
      const at = { startedAtMs, sequence, successorOf: handovers.predecessors(nowMs), nowMs };
      return table && buildReport(table, (id) => router.sessions.slots.byId(id), { ...at, ...router.notices() });
    },
    onEnded(sessions) {
      router.receiveEnded(sessions);
    },
    onSeen(sessions) {
      router.receiveSeen(sessions);
    },
    onHandover(handover) {
      const { from, ended, sessions } = handover;
      router.adoptEnded(ended);
      // A proxy that has handed over its own sessions can no longer hand over these.
      if (!hasHandedOver) handovers.receive(handover, asOfMs);
      else log.warn({ from, sessions: sessions.length }, 'handover refused: this proxy is shutting down');
    },
    // Both only increase, so their sum changes when either does.
    changes: () => tables + router.sessions.changes(),
    /**
     * Hands over even without a session left: sessions in the last periodic report may have ended since, and the operator would count them
     * until their idle timeout. The last report covers the case that there is no other proxy.
     */
    async handOver(source) {
      hasHandedOver = true;
      const sessions = listHandedSessions(router.sessions);
      if (sessions === undefined) {
        log.warn(
          { sessions: router.sessions.size() },
          'too many sessions to hand over: they count until their idle timeout',
        );
      } else {
        const successorOf = handovers.predecessors(clock.nowMs()) ?? [];
        const { ended } = router.notices();
        const isSent = await source.handOver({ startedAtMs, sessions, ended, successorOf });
        if (isSent) log.info({ sessions: sessions.length }, 'sessions handed over');
        else if (sessions.length > 0) {
          log.warn({ sessions: sessions.length }, 'sessions not handed over: they count until their idle timeout');
        }
      }
      await source.sendLastReport();
    },
  };
}

const uidsOf = (endpoints: readonly Endpoint[]) => new Set(endpoints.map(({ uid }) => uid));
