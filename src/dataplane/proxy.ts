/** Wires one proxy: discovery → router ← request path, and the admin port. */
import { lookup } from 'node:dns/promises';
import { bindPort } from '../core/names/bind-ports.ts';
import { sleep, type Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { readOpenFileLimit } from '../platform/open-files.ts';
import type { ProcessFaults } from '../platform/process-faults.ts';
import { runShutdown } from '../platform/shutdown.ts';
import { startAdmin } from './admin/admin-port.ts';
import { createLineWriter, toStdout, type LineWriter, type WriteBytes } from './access-log/line-writer.ts';
import type { ProxyConfig } from './config.ts';
import { createProxyTarget, type ProxyTarget } from './discovery-target.ts';
import { createAppliedSettings, type AppliedSettings } from './settings.ts';
import { connectionsWithin } from './net/file-budget.ts';
import { createProxyServer, type ProxyServer } from './server.ts';
import { createListeners, type Listeners } from './net/listeners.ts';
import { createSessionIds } from './sessions/session-ids.ts';
import { createSessionRouter, type ManagedRouter } from './sessions/router.ts';
import { startSweeping } from './sessions/sweeping.ts';
import { startTableSource, type TableSource, type TableSourcePorts } from './table-source.ts';

export type ProxyPorts = TableSourcePorts & {
  /** Returns the port to bind for a listener's port. */
  bindPort: (listenerPort: number) => number;
  /** The limit of open files, if not that of the process. */
  openFiles?: number;
  /** Where lines of the access log are written, if not to stdout. */
  writeAccessLog?: WriteBytes;
  /** Faults of the process, for its metrics. */
  faults?: ProcessFaults['counts'];
};

export interface Proxy {
  readonly adminPort: number;
  readonly router: ManagedRouter;
  readonly listeners: Listeners;
  /** Becomes not ready, then accepts no new connections, then ends what is open. Resolves when everything is closed. */
  stop(options?: StopOptions): Promise<void>;
}

/** `graceMs`: a limit for open requests and streams that is shorter than that of the settings. */
export type StopOptions = { graceMs?: number };

const resolveAll = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** Only in a cluster a Service maps the ports: a table file names those that the proxy binds. */
export const liveProxyPorts = (
  live: Pick<ProxyPorts, 'clock' | 'log' | 'faults'>,
  { source }: Pick<ProxyConfig, 'source'>,
): ProxyPorts => ({
  ...live,
  resolve: resolveAll,
  bindPort: source.kind === 'file' ? (port) => port : bindPort,
});

/** Rejects without a valid table in the file that it is to serve. */
export async function startProxy(config: ProxyConfig, ports: ProxyPorts): Promise<Proxy> {
  const { clock, log } = ports;
  const router = createSessionRouter({
    clock,
    random: Math.random,
    newSessionId: createSessionIds(),
    onUnpinnedId(workload) {
      log.warn({ workload }, 'session id of the app not pinned: with a token it would exceed 4096 bytes');
    },
  });
  const openFiles = ports.openFiles ?? readOpenFileLimit();
  const accessLines = createLineWriter(ports.writeAccessLog ?? toStdout, clock);
  const connectionsByFiles = connectionsWithin(openFiles);
  const server = createProxyServer({
    router,
    clock,
    log,
    accessLines,
    connectionsByFiles,
    ...(config.sockets && { sockets: config.sockets }),
  });
  const settings = createAppliedSettings(server, { openFiles, log });
  const listeners = createListeners(server, { bindPort: ports.bindPort, log });
  const target = createProxyTarget({ router, server, settings, listeners, clock, log });
  const source = await startTableSource(config.source, ports, target);
  const stopSweeping = startSweeping(router.sessions, clock);
  let stopping = false;
  const parts = { router, server, settings, listeners, target, source, accessLines, clock, log };
  const admin = await startAdmin(config.adminPort, {
    ...parts,
    sessionCounters: router.counters,
    accessLines: accessLines.counts,
    isStopping: () => stopping,
    faults: ports.faults ?? noFaults,
  });

  return {
    adminPort: admin.port,
    router,
    listeners,
    async stop({ graceMs = Number.POSITIVE_INFINITY } = {}) {
      stopping = true;
      server.announceShutdown();
      await runShutdown(
        [
          ...shutdownSteps({ ...config, shutdownGraceMs: Math.min(config.shutdownGraceMs, graceMs) }, parts),
          { name: 'admin', limitMs: 1000, run: () => admin.close() },
        ],
        {
          clock,
          log,
        },
      );
      stopSweeping();
    },
  };
}

type Parts = {
  router: ManagedRouter;
  server: ProxyServer;
  settings: AppliedSettings;
  listeners: Listeners;
  target: ProxyTarget;
  source: TableSource;
  accessLines: LineWriter;
  clock: Clock;
  log: Logger;
};

const noFaults: ProcessFaults['counts'] = { uncaughtException: 0, unhandledRejection: 0 };

const shutdownSteps = (
  { shutdownDelayMs, shutdownGraceMs }: ProxyConfig,
  { server, settings, listeners, target, source, accessLines, clock, log }: Parts,
) => [
  { name: 'wait for load balancers', limitMs: shutdownDelayMs + 1000, run: () => sleep(clock, shutdownDelayMs) },
  {
    name: 'finish requests',
    limitMs: shutdownGraceMs + 1000,
    run() {
      listeners.stop();
      return finishRequests(server, { graceMs: Math.min(shutdownGraceMs, settings.current().drainTimeoutMs), log });
    },
  },
  // Only now: while a stream is open, its session is counted here, where it is alive, and the reports of this proxy hold its pod.
  { name: 'hand over sessions', limitMs: 5000, run: () => target.handOver(source) },
  { name: 'discovery', limitMs: 2000, run: () => source.stop() },
  { name: 'access log', limitMs: 1000, run: () => accessLines.drained() },
];

async function finishRequests(server: ProxyServer, { graceMs, log }: { graceMs: number; log: Logger }): Promise<void> {
  const { requestsOpen, upgradesOpen } = server.counters;
  log.info({ requestsOpen, upgradesOpen, graceMs }, 'no new connections; waiting for open requests and streams');
  const cut = await server.shutdown({ graceMs });
  if (cut.requests + cut.upgrades > 0) log.warn(cut, 'requests and streams were cut at the end of the grace period');
}
