/** The proxy as the image runs it, without an operator, with a table from a file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startProgram, untilListening, type Program } from '../measure/program.ts';
import { commandOfImage } from './image.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import { localTable } from './table.ts';

export type Place = { dist: string; folder: string };
export type RunningProxy = Program & { port: number; adminPort: number };

export const startProxy = (place: Place, upstreamPorts: readonly number[], core?: number): Promise<RunningProxy> =>
  startProxyWith(place, (port) => localTable(port, upstreamPorts), { core });

/** `core`: the only one that it may use. `workers`: of a proxy of several processes. */
export type Processes = { core?: number | undefined; workers?: number };

/** `tableOn`: returns the table of a proxy that listens on a port. */
export async function startProxyWith(
  { dist, folder }: Place,
  tableOn: (port: number) => RoutingTable,
  { core, workers = 0 }: Processes = {},
): Promise<RunningProxy> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(folder, `table-${port}.json`);
  writeFileSync(file, JSON.stringify(tableOn(port)));
  const command = commandOfImage(dist, ['proxy', '--table', file], {
    HOLDFAST_ADMIN_PORT: String(adminPort),
    HOLDFAST_SHUTDOWN_DELAY_MS: '0',
    HOLDFAST_SHUTDOWN_GRACE_MS: '500',
    HOLDFAST_WORKERS: String(workers),
    // The port of the inspector, which only SIGUSR1 starts.
    NODE_OPTIONS: '--inspect-port=0',
  });
  const program = startProgram({ ...command, ...(core !== undefined && { core }) });
  await untilListening(program, port);
  return { ...program, port, adminPort };
}

/** Returns the value of a metric, summed over its labels. */
export async function readMetric(adminPort: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (lines.length === 0) throw new Error(`the proxy does not expose the metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
