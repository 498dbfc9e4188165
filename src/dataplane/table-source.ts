/** The source of routing tables: the operator, or a file when the proxy runs without one. */
import type { RoutingTable } from '../wire/routing-table.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { createProxyClient } from '../wire/client/proxy-client.ts';
import type { OperatorConfig, TableSourceConfig } from './config.ts';
import { startDiscovery, type Discovery, type DiscoveryTarget } from './discovery/discovery.ts';
import { createLastKnownGood } from './discovery/last-known-good.ts';
import { followTableFile } from './discovery/table-file.ts';

export type TableSource = Pick<Discovery, 'connected' | 'handOver' | 'sendLastReport' | 'stop'>;

export type TableSourcePorts = {
  clock: Clock;
  log: Logger;
  /** Resolves with the addresses of a host name. */
  resolve: (host: string) => Promise<readonly string[]>;
};

/** Heartbeats arrive every 2 s: a stream that is silent for this long is dead. */
const silenceLimitMs = 10_000;

export const startTableSource = (
  config: TableSourceConfig,
  ports: TableSourcePorts,
  target: DiscoveryTarget,
): TableSource =>
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
  return startDiscovery(
    { clock, random: Math.random, log, client, resolve: () => resolve(host), lastKnownGood },
    target,
  );
}

/** Without an operator there is no replica to report or hand over to. */
function startFileSource(file: string, { clock, log }: TableSourcePorts, target: DiscoveryTarget): TableSource {
  const onTable = (table: RoutingTable) => {
    target.onTable({ stream: 0, revision: 0n, asOfMs: clock.nowMs(), table });
  };
  // A file that has not changed is current: otherwise every later session would be newer than the table.
  const onUnchanged = () => {
    target.onConfirmed(clock.nowMs());
  };
  const stop = followTableFile(file, { clock, log, onTable, onUnchanged });
  return {
    connected: () => [],
    handOver: () => Promise.resolve(false),
    sendLastReport: () => Promise.resolve(),
    stop: () => Promise.resolve(stop()),
  };
}
