/** The source of routing tables: the operator, or a file when the proxy runs without one. */
import type { RoutingTable } from '../wire/routing-table.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { createProxyClient } from '../wire/client/proxy-client.ts';
import type { OperatorConfig, TableSourceConfig } from './config.ts';
import { startDiscovery, type Discovery, type DiscoveryTarget } from './discovery/discovery.ts';
import { createLastKnownGood } from './discovery/last-known-good.ts';

export type TableSource = Pick<Discovery, 'connected' | 'handOver' | 'sendLastReport' | 'stop'> & {
  /** Whether the table in use is that of the table file; undefined without one. */
  fileIsCurrent(): boolean | undefined;
};

export type TableSourcePorts = {
  clock: Clock;
  log: Logger;
  /** Resolves with the addresses of a host name. */
  resolve: (host: string) => Promise<readonly string[]>;
};

/** Heartbeats arrive every 2 s: a stream that is silent for this long is dead. */
const silenceLimitMs = 10_000;

/** Rejects if there is no valid table in the file. */
export const startTableSource = async (
  config: TableSourceConfig,
  ports: TableSourcePorts,
  target: DiscoveryTarget,
): Promise<TableSource> =>
  config.kind === 'operator'
    ? startOperatorSource(config.operator, ports, target)
    : startFileSource(config.file, ports, target);

function startOperatorSource(
  { host, tableFile, ...operator }: OperatorConfig,
  { clock, log, resolve }: TableSourcePorts,
  target: DiscoveryTarget,
): TableSource {
  log.info({ gateway: operator.gateway, host }, 'following the operator');
  const client = createProxyClient({ ...operator, silenceLimitMs });
  const lastKnownGood = tableFile === undefined ? undefined : createLastKnownGood(tableFile, { clock, log });
  const ports = { clock, random: Math.random, log, client, resolve: () => resolve(host), lastKnownGood };
  return { ...startDiscovery(ports, target), fileIsCurrent: () => undefined };
}

/** Without an operator there is no replica to report or hand over to. A proxy in a cluster does not load the parser of such files. */
async function startFileSource(
  file: string,
  { clock, log }: TableSourcePorts,
  target: DiscoveryTarget,
): Promise<TableSource> {
  const { followTableFile } = await import('./table-file/follow-table.ts');
  const onTable = (table: RoutingTable) => {
    target.onTable({ stream: 0, revision: 0n, asOfMs: clock.nowMs(), table });
  };
  // A file that has not changed is current: otherwise every later session would be newer than the table.
  const onUnchanged = () => {
    target.onConfirmed(clock.nowMs());
  };
  const followed = await followTableFile(file, { clock, log, onTable, onUnchanged });
  return {
    connected: () => [],
    handOver: () => Promise.resolve(false),
    sendLastReport: () => Promise.resolve(),
    stop: () => Promise.resolve(followed.stop()),
    fileIsCurrent: () => followed.isCurrent(),
  };
}
