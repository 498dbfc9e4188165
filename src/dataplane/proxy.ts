/** Wires one proxy: discovery → router ← request path, and the admin port. */
import { lookup } from 'node:dns/promises';
import { containerPort } from '../core/names/names.ts';
import type { RoutingTable } from '../wire/routing-table.ts';
import { createAdminApp, listenAdmin } from '../platform/admin.ts';
import { sleep, type Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { createRegistry } from '../platform/metrics.ts';
import { runShutdown } from '../platform/shutdown.ts';
import { createProxyClient } from '../wire/client/proxy-client.ts';
import { addDebugPages } from './admin/debug-pages.ts';
import { httpSamples, registerProxyMetrics, sessionSamples } from './admin/proxy-metrics.ts';
import type { OperatorConfig, ProxyConfig } from './config.ts';
import { startDiscovery, type Discovery, type DiscoveryTarget } from './discovery/discovery.ts';
import { createLastKnownGood } from './discovery/last-known-good.ts';
import { buildReport } from './discovery/report.ts';
import { followTableFile } from './discovery/table-file.ts';
import { createHttp1Server, type Http1Server } from './server.ts';
import { createListeners, type Listeners } from './net/listeners.ts';
import { listHandedSessions } from './sessions/handover.ts';
import { createReceivedHandovers, type ReceivedHandovers } from './sessions/received-handovers.ts';
import { createSessionIds } from './sessions/session-ids.ts';
import { createSessionRouter, type ManagedRouter } from './sessions/router.ts';

export type ProxyPorts = {
  clock: Clock;
  log: Logger;
  /** Resolves with the addresses of a host name. */
  resolve: (host: string) => Promise<readonly string[]>;
  /** The port to bind for a listener's port. */
  bindPort: (listenerPort: number) => number;
};

export interface Proxy {
  readonly adminPort: number;
  readonly router: ManagedRouter;
  readonly listeners: Listeners;
  /** Becomes not ready, then accepts no new connections, then ends what is open. Resolves when everything is closed. */
  stop(): Promise<void>;
}

const resolveAll = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address);

export const liveProxyPorts = (live: { clock: Clock; log: Logger }): ProxyPorts => ({
  ...live,
  resolve: resolveAll,
  bindPort: containerPort,
});

const sweepIntervalMs = 100;
/** Takes less than a millisecond; a table of a million sessions is swept in half a minute, a usual one at each turn. */
const rowsPerSweep = 8192;
const heartbeatsMissedMs = 10_000;

export async function startProxy(config: ProxyConfig, ports: ProxyPorts): Promise<Proxy> {
  const { clock, log } = ports;
  const router = createSessionRouter({ clock, random: Math.random, newSessionId: createSessionIds() });
  const server = createHttp1Server({ router, clock });
  const listeners = createListeners(server, { bindPort: ports.bindPort, log });
  const state = { stopping: false, handedOver: false, asOfMs: 0, startedAtMs: clock.nowMs() };
  const handovers = createReceivedHandovers({
    nowMs: () => clock.nowMs(),
    adopt: (sessions, options) => router.adopt(sessions, options),
    onAdopted: ({ from, sessions }) => {
      log.info({ from, sessions: sessions.length }, 'sessions adopted');
    },
  });
  const parts = { router, server, listeners, handovers, state, clock, log };
  const source = startSource(config, { ports, target: createTarget(parts) });
  const stopSweeping = startSweeping(router, clock);

  const registry = createRegistry();
  const sessionPorts = {
    counters: router.counters,
    slots: router.sessions.slots,
    table: () => router.table(),
    connectedReplicas: () => source.connected().length,
    tableAgeMs: () => (router.table() === undefined ? undefined : clock.nowMs() - state.asOfMs),
  };
  registerProxyMetrics(registry, {
    ...sessionSamples(sessionPorts),
    ...httpSamples(server.counters, () => server.upstreamCounts()),
  });
  const notReady = () => {
    if (state.stopping) return ['shutting down'];
    if (router.table() === undefined) return ['no routing table yet'];
    return listeners.areBound() ? [] : ['a listener is not bound'];
  };
  const app = addDebugPages(createAdminApp({ registry, notReady }), {
    table: () => router.table(),
    sessions: router.sessions,
  });
  const admin = await listenAdmin(app, config.adminPort);

  return {
    adminPort: admin.port,
    router,
    listeners,
    async stop() {
      state.stopping = true;
      server.announceShutdown();
      const steps = [
        {
          name: 'wait for load balancers',
          limitMs: config.shutdownDelayMs + 1000,
          run: () => sleep(clock, config.shutdownDelayMs),
        },
        {
          name: 'finish requests',
          limitMs: config.shutdownGraceMs + 1000,
          run: () => finishRequests(server, { graceMs: config.shutdownGraceMs, log }),
        },
        { name: 'hand over sessions', limitMs: 5000, run: () => handOver({ ...parts, source }) },
        { name: 'discovery', limitMs: 2000, run: () => source.stop() },
        { name: 'admin', limitMs: 1000, run: () => admin.close() },
      ];
      await runShutdown(steps, { clock, log });
      stopSweeping();
    },
  };
}

type State = { handedOver: boolean; asOfMs: number; readonly startedAtMs: number };
type Parts = {
  router: ManagedRouter;
  server: Http1Server;
  listeners: Listeners;
  handovers: ReceivedHandovers;
  state: State;
  clock: Clock;
  log: Logger;
};

/** Connects discovery with the router: tables in, reports out. */
function createTarget({ router, server, listeners, handovers, state, clock, log }: Parts): DiscoveryTarget {
  let tables = 0;
  return {
    onTable({ table, asOfMs }) {
      router.applyTable(table, asOfMs);
      server.retain(podUids(table));
      listeners.sync(table.listeners);
      state.asOfMs = asOfMs;
      tables += 1;
      handovers.retry(state.asOfMs);
    },
    onConfirmed(asOfMs) {
      router.confirmTable(asOfMs);
      listeners.sync(router.table()?.listeners ?? []);
      state.asOfMs = Math.max(state.asOfMs, asOfMs);
      handovers.retry(state.asOfMs);
    },
    buildReport(sequence) {
      const table = router.table();
      const nowMs = clock.nowMs();
      const at = { startedAtMs: state.startedAtMs, sequence, successorOf: handovers.predecessors(nowMs), nowMs };
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
      if (!state.handedOver) handovers.receive(handover, state.asOfMs);
      else log.warn({ from, sessions: sessions.length }, 'handover refused: this proxy is shutting down');
    },
    // Both only increase, so their sum changes when either does.
    changes: () => tables + router.sessions.changes(),
  };
}

const podUids = ({ backends }: RoutingTable) =>
  new Set(Object.values(backends).flatMap(({ endpoints }) => endpoints.map(({ uid }) => uid)));

type Source = Pick<Discovery, 'connected' | 'handOver' | 'sendLastReport' | 'stop'>;

/**
 * Hands over even without a session left: sessions in the last periodic report may have ended since, and the operator would count them until
 * their idle timeout. The last report covers the case that there is no other proxy.
 */
async function handOver(parts: Pick<Parts, 'router' | 'handovers' | 'state' | 'clock' | 'log'> & { source: Source }) {
  const { router, handovers, state, clock, log, source } = parts;
  state.handedOver = true;
  const sessions = listHandedSessions(router.sessions);
  if (sessions === undefined) {
    log.warn(
      { sessions: router.sessions.size() },
      'too many sessions to hand over: they count until their idle timeout',
    );
  } else {
    const successorOf = handovers.predecessors(clock.nowMs()) ?? [];
    const { ended } = router.notices();
    const isSent = await source.handOver({ startedAtMs: state.startedAtMs, sessions, ended, successorOf });
    if (isSent) log.info({ sessions: sessions.length }, 'sessions handed over');
    else if (sessions.length > 0) {
      log.warn({ sessions: sessions.length }, 'sessions not handed over: they count until their idle timeout');
    }
  }
  await source.sendLastReport();
}

function startSource(
  { source }: ProxyConfig,
  { ports, target }: { ports: ProxyPorts; target: DiscoveryTarget },
): Source {
  const { clock, log } = ports;
  if (source.kind === 'operator') return startOperatorSource(source.operator, { ports, target });
  const onTable = (table: RoutingTable) => {
    target.onTable({ stream: 0, revision: 0n, asOfMs: clock.nowMs(), table });
  };
  const stop = followTableFile(source.file, { clock, log, onTable });
  return {
    connected: () => [],
    handOver: () => Promise.resolve(false),
    sendLastReport: () => Promise.resolve(),
    stop: () => Promise.resolve(stop()),
  };
}

function startOperatorSource(
  { host, tableFile, ...operator }: OperatorConfig,
  { ports, target }: { ports: ProxyPorts; target: DiscoveryTarget },
): Source {
  const { clock, log } = ports;
  log.info({ gateway: operator.gateway, host }, 'following the operator');
  const client = createProxyClient({ ...operator, silenceLimitMs: heartbeatsMissedMs });
  const lastKnownGood = tableFile === undefined ? undefined : createLastKnownGood(tableFile, log);
  return startDiscovery(
    { clock, random: Math.random, log, client, resolve: () => ports.resolve(host), lastKnownGood },
    target,
  );
}

function startSweeping({ sessions }: ManagedRouter, clock: Clock): () => void {
  let cancel = () => {};
  const sweep = () => {
    sessions.sweep(clock.nowMs(), rowsPerSweep);
    cancel = clock.after(sweepIntervalMs, sweep);
  };
  sweep();
  return () => {
    cancel();
  };
}

async function finishRequests(server: Http1Server, { graceMs, log }: { graceMs: number; log: Logger }): Promise<void> {
  const cut = await server.shutdown({ graceMs });
  if (cut.requests + cut.upgrades > 0) log.warn(cut, 'requests and streams were cut at the end of the grace period');
}
