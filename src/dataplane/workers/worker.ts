/**
 * A worker process: serves requests by the tables that the primary process sends, from the sockets that it keeps, and tells it what it counts.
 *
 *     primary ──tables, sockets, notices──► this process ──sessions, counters──► primary
 */
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import type { ProcessFaults } from '../../platform/process-faults.ts';
import { shareUnchanged } from '../../platform/share-unchanged.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { createLineWriter, toStdout } from '../access-log/line-writer.ts';
import { createProxyTarget } from '../discovery-target.ts';
import { connectionsWithin } from '../net/file-budget.ts';
import { createListeners } from '../net/listeners.ts';
import { createProxyServer } from '../server.ts';
import { createSessionRouter } from '../sessions/router.ts';
import { createSessionIds } from '../sessions/session-ids.ts';
import { createAppliedSettings } from '../settings.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { createOfferedSockets } from './offered-sockets.ts';
import { packDates, readDates } from './session-changes.ts';
import { startSweeping } from '../sessions/sweeping.ts';
import { applyChange } from './table-change.ts';
import { applyTotals } from './totals.ts';
import { createWorkerCounts } from './worker-counts.ts';

export type WorkerPorts = {
  clock: Clock;
  log: Logger;
  faults: ProcessFaults;
  send: (message: FromWorker) => void;
  exit: () => void;
};

type Setup = Extract<ToWorker, { type: 'setup' }>;

export interface Worker {
  receive: (message: Exclude<ToWorker, Setup>, socket: unknown) => void;
  /** Resolves when nothing is open, and all that it counts has been sent. */
  stop(how: { graceMs: number; keepIdle: boolean }): Promise<void>;
  isStopping(): boolean;
}

export function startWorker({ sockets, openFiles }: Setup, ports: WorkerPorts): Worker {
  const { clock, log, send } = ports;
  const counts = createWorkerCounts(clock, (batch) => send({ type: 'batch', ...batch }));
  const router = createSessionRouter({
    clock,
    random: Math.random,
    newSessionId: createSessionIds(),
    onUnpinnedId(workload) {
      log.warn({ workload }, 'session id of the app not pinned: with a token it would exceed 4096 bytes');
    },
    parts: counts.parts,
  });
  const accessLines = createLineWriter(toStdout, clock);
  const server = createProxyServer({
    router,
    clock,
    log,
    accessLines,
    connectionsByFiles: connectionsWithin(openFiles),
    ...(sockets && { sockets }),
  });
  const settings = createAppliedSettings(server, { openFiles, log });
  const offered = createOfferedSockets((listenerPort) => send({ type: 'listen', listenerPort }));
  const listeners = createListeners(
    { listen: async ({ listenerPort }) => server.listen({ listenerPort, ...(await offered.request(listenerPort)) }) },
    { bindPort: (port) => port, log, onBound: () => send({ type: 'bound', areBound: listeners.areBound() }) },
  );
  const target = createProxyTarget({ router, server, settings, listeners, clock, log });
  const stopSweeping = startSweeping(router.sessions, clock);
  let table: RoutingTable | undefined;
  let stopping = false;

  const apply = ({ number, asOfMs, change }: Extract<ToWorker, { type: 'table' }>) => {
    const next = applyChange(table, change);
    table = table === undefined ? next : shareUnchanged(table, next);
    target.onTable({ stream: 0, revision: 0n, asOfMs, table });
    counts.flush();
    send({ type: 'applied', number });
    send({ type: 'bound', areBound: listeners.areBound() });
  };

  const sample = () => {
    send({
      type: 'sample',
      http: server.counters,
      sessions: router.counters,
      accessLines: accessLines.counts,
      faults: ports.faults.counts,
      upstream: server.upstreamCounts(),
      maxConnections: server.maxConnections(),
    });
  };

  const sendDates = () => {
    counts.flush();
    send({ type: 'dates', words: packDates(router.sessions.all()) });
  };

  const stop: Worker['stop'] = async ({ graceMs, keepIdle }) => {
    stopping = true;
    listeners.stop();
    if (keepIdle) await server.leave(graceMs);
    const cut = await server.shutdown({ graceMs: keepIdle ? 0 : graceMs });
    if (cut.requests + cut.upgrades > 0) log.warn(cut, 'requests and streams were cut at the end of the grace period');
    await accessLines.drained();
    stopSweeping();
    counts.stop();
    sample();
    sendDates();
  };

  const receive: Worker['receive'] = (message, socket) => {
    switch (message.type) {
      case 'table':
        return apply(message);
      case 'current':
        return target.onConfirmed(message.asOfMs);
      case 'ended':
        return target.onEnded(message.ids);
      case 'seen':
        return target.onSeen(message.ids);
      case 'totals':
        return applyTotals(router.sessions.slots, message.totals);
      case 'dates':
        return router.receiveDates(readDates(message.words));
      case 'socket':
        return offered.take(message, socket);
      case 'announceShutdown':
        return server.announceShutdown();
      case 'stop':
        return void stop(message).then(ports.exit);
      case 'sendDates':
        return sendDates();
      case 'sample':
        return sample();
    }
  };

  return {
    receive,
    stop,
    isStopping: () => stopping,
  };
}
