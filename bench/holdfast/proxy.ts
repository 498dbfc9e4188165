/** The proxy as the image runs it, without an operator, with a table from a file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startProgram, untilListening, type Program } from '../measure/program.ts';
import { localTable } from './table.ts';

export type Place = { dist: string; folder: string };
export type RunningProxy = Program & { port: number; adminPort: number };

export async function startProxy(
  { dist, folder }: Place,
  upstreamPorts: readonly number[],
  core?: number,
): Promise<RunningProxy> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(folder, `table-${port}.json`);
  writeFileSync(file, JSON.stringify(localTable(port, upstreamPorts)));
  const program = startProgram({
    command: process.execPath,
    args: [...nodeOptions(), join(dist, 'holdfast.js'), 'proxy', '--table', file],
    env: {
      NODE_ENV: 'production',
      HOLDFAST_ADMIN_PORT: String(adminPort),
      HOLDFAST_SHUTDOWN_DELAY_MS: '0',
      HOLDFAST_SHUTDOWN_GRACE_MS: '500',
    },
    ...(core !== undefined && { core }),
  });
  await untilListening(program, port);
  return { ...program, port, adminPort };
}

/** Returns the options of Node in the entrypoint of the image. */
function nodeOptions(): string[] {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const entrypoint = /^ENTRYPOINT \["node", (.*)"\/app\/holdfast.js"\]$/m.exec(dockerfile)?.[1];
  if (entrypoint === undefined) throw new Error('the ENTRYPOINT of the Dockerfile is not node with /app/holdfast.js');
  return [...entrypoint.matchAll(/"([^"]+)"/g)].map(([, option = '']) => option);
}

/** Returns the value of a metric, summed over its labels. */
export async function readMetric(adminPort: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (lines.length === 0) throw new Error(`the proxy does not expose the metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
