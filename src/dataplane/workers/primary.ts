/**
 * The primary process of a proxy with workers: everything of a proxy except its requests. For the operator and for people, it is one proxy.
 *
 *     operator or file ──► discovery ──tables, notices──► workers ──sessions, counters──► merged ──► reports, metrics, debug pages
 *                          ports ──listening sockets─────►
 */
import { createBackoff } from '../../platform/backoff.ts';
import { sleep } from '../../platform/clock.ts';
import { readOpenFileLimit } from '../../platform/open-files.ts';
import { runShutdown } from '../../platform/shutdown.ts';
import { startAdmin } from '../admin/admin-port.ts';
import type { ProxyConfig } from '../config.ts';
import type { DiscoveryTarget } from '../discovery/discovery.ts';
import { createProxyTarget, type ProxyTarget } from '../discovery-target.ts';
import { createListeners } from '../net/listeners.ts';
import type { ProxyPorts, StopOptions } from '../proxy.ts';
import { createCarrierConflicts } from '../sessions/carrier-conflicts.ts';
import { createCounters } from '../sessions/counters.ts';
import { createSessionRouter } from '../sessions/router.ts';
import { createSessionIds, parseSessionId } from '../sessions/session-ids.ts';
import { createOutgoingNotices, noticeLimits } from '../sessions/session-notices.ts';
import { startSweeping } from '../sessions/sweeping.ts';
import { createAppliedSettings } from '../settings.ts';
import { startTableSource } from '../table-source.ts';
import { createMergedSessions } from './merged-sessions.ts';
import type { WorkerSample } from './messages.ts';
import { mergeCounters, noSample } from './samples.ts';
import { sumCounters } from './sum-counters.ts';
import { packDates } from './session-changes.ts';
import { createSharedPorts } from './shared-ports.ts';
import { Workers } from './workers.ts';
import type { ForkWorker } from './worker-process.ts';

export type PrimaryPorts = ProxyPorts & { fork: ForkWorker };

export interface Primary {
  readonly adminPort: number;
  /** New workers, of the program as it is on the disk now, take the place of the old ones; no connection is closed for it. */
  replaceWorkers(): Promise<void>;
  stop(options?: StopOptions): Promise<void>;
}

/** A worker that dies at once is started again after so long. */
const restartBackoff = { baseMs: 200, capMs: 30_000 };

/** Rejects without a valid table in the file that it is to serve. */
export async function startPrimary(config: ProxyConfig, count: number, ports: PrimaryPorts): Promise<Primary> {
  const { clock, log } = ports;
  const core = createCore(config, ports);
  const { workers, listeners, settings, target, router } = core;
  const source = await startTableSource(config.source, ports, relay(target, workers));
  workers.start(count);
  const stopSweeping = startSweeping(router.sessions, clock);
  let stopping = false;
  const figures = createFigures(core, ports.faults ?? noSample().faults);
  const admin = await startAdmin(config.adminPort, {
    router,
    target,
    source,
    clock,
    ...figures,
    workers,
    listeners: { areBound: () => listeners.areBound() && workers.counts().serving > 0 },
    isStopping: () => stopping,
  });

  return {
    adminPort: admin.port,
    replaceWorkers: () => workers.replace(),
    async stop({ graceMs = Number.POSITIVE_INFINITY } = {}) {
      stopping = true;
      workers.tell({ type: 'announceShutdown' });
      const limitMs = Math.min(config.shutdownGraceMs, graceMs, settings.current().drainTimeoutMs);
      const finish = () => {
        const drained = workers.stop(limitMs);
        // Otherwise clients would wait in a queue from which no process accepts.
        listeners.sync([]);
        listeners.stop();
        return drained;
      };
      await runShutdown(
        [
          {
            name: 'wait for load balancers',
            limitMs: config.shutdownDelayMs + 1000,
            run: () => sleep(clock, config.shutdownDelayMs),
          },
          { name: 'finish requests', limitMs: limitMs + workerExitMs, run: finish },
          { name: 'kill workers', limitMs: 1000, run: () => workers.kill() },
          { name: 'hand over sessions', limitMs: 5000, run: () => target.handOver(source) },
          { name: 'discovery', limitMs: 2000, run: () => source.stop() },
          { name: 'admin', limitMs: 1000, run: () => admin.close() },
        ],
        { clock, log },
      );
      stopSweeping();
    },
  };
}

/** From the end of its last connection to the end of the process. */
const workerExitMs = 5000;

type Core = ReturnType<typeof createCore>;

function createCore(config: ProxyConfig, ports: PrimaryPorts) {
  const { clock, log } = ports;
  const openFiles = ports.openFiles ?? readOpenFileLimit();
  const sessions = createMergedSessions();
  const parts = {
    counters: createCounters(),
    sessions,
    ended: createOutgoingNotices(noticeLimits.ended),
    seen: createOutgoingNotices(noticeLimits.seen),
    conflicts: createCarrierConflicts(),
  };
  const router = createSessionRouter({ clock, random: Math.random, newSessionId: createSessionIds(), parts });
  const settings = createAppliedSettings(noServer, { openFiles, log });
  const shared = createSharedPorts();
  const listeners = createListeners(shared, { bindPort: ports.bindPort, log });
  const target = createProxyTarget({ router, server: noServer, settings, listeners, clock, log });
  const workers = new Workers({
    clock,
    log,
    sessions,
    fork: ports.fork,
    backoff: createBackoff(restartBackoff, Math.random),
    setup: { type: 'setup', sockets: config.sockets, openFiles },
    leaveWithinMs: () => Math.min(config.shutdownGraceMs, settings.current().drainTimeoutMs),
    offerPort: (listenerPort, send) => shared.offer(listenerPort, send),
    onNotices({ ended, seen, conflicts }) {
      const nowMs = clock.nowMs();
      router.adoptEnded(ended);
      for (const id of seen) parts.seen.add(parseSessionId(id), nowMs);
      for (const conflict of conflicts) parts.conflicts.add(conflict, nowMs);
    },
  });
  return { router, settings, listeners, target, workers };
}

/** The workers have the server. */
const noServer = {
  configure: () => undefined,
  configureTls: () => undefined,
  retain: () => undefined,
  maxConnections: () => Number.POSITIVE_INFINITY,
};

/** What discovery drives: the primary first, so that it knows each endpoint of which a worker reports. */
const relay = (target: ProxyTarget, workers: Workers): DiscoveryTarget => ({
  ...target,
  onTable(choice) {
    target.onTable(choice);
    workers.applyTable(choice.table, choice.asOfMs);
  },
  whenApplied: () => workers.whenApplied(),
  onConfirmed(asOfMs) {
    target.onConfirmed(asOfMs);
    workers.tell({ type: 'current', asOfMs });
  },
  onEnded(ids) {
    target.onEnded(ids);
    workers.tell({ type: 'ended', ids });
  },
  onSeen(ids) {
    target.onSeen(ids);
    workers.tell({ type: 'seen', ids });
  },
  onHandover(handover) {
    target.onHandover(handover);
    workers.tell({ type: 'ended', ids: handover.ended });
    const dates = handover.sessions.map(({ id, lastSeenS, unconfirmed = false }) => ({
      ...parseSessionId(id),
      lastSeenS,
      unconfirmed,
    }));
    workers.tell({ type: 'dates', words: packDates(dates) });
  },
});

/** What the admin port shows: the sums of the workers, brought up to date when it is asked. */
function createFigures({ workers, router }: Core, faults: WorkerSample['faults']) {
  const shown = noSample();
  const update = () => {
    const { http, sessions, accessLines, faults: ofWorkers, ...connections } = workers.sample();
    Object.assign(shown.http, http);
    Object.assign(shown.accessLines, accessLines);
    Object.assign(shown.faults, sumCounters({ ...faults }, ofWorkers));
    Object.assign(shown, connections);
    Object.assign(shown.sessions, mergeCounters(router.counters, sessions));
  };
  return {
    sessionCounters: shown.sessions,
    accessLines: shown.accessLines,
    faults: shown.faults,
    server: {
      counters: shown.http,
      upstreamCounts: () => shown.upstream,
      maxConnections: () => shown.maxConnections,
    },
    async refresh() {
      await workers.refresh();
      update();
    },
  };
}
