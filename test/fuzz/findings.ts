/** A finding as a file that can be replayed: the surface and the seed, what was wrong, and the inputs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { separator, type Finding } from './campaign.ts';
import { surfaceNames, type SurfaceName } from './surface.ts';

export type FoundBy = { name: SurfaceName; seed: number };

const firstLine = /^# surface (\S+), seed (\d+)$/mu;

export function writeFinding({ problem, input }: Finding, { name, seed }: FoundBy): string {
  const file = path.join(tmpdir(), `holdfast-fuzz-${name}-${seed}-${process.pid}.txt`);
  const explained = problem.split('\n').map((line) => `# ${line}`);
  writeFileSync(file, [`# surface ${name}, seed ${seed}`, ...explained, separator + input].join('\n'));
  return file;
}

export function readFinding(file: string): FoundBy & { inputs: string[] } {
  const text = readFileSync(file, 'utf8');
  const [, surface, seed] = firstLine.exec(text) ?? [];
  const name = surfaceNames.find((known) => known === surface);
  if (name === undefined) throw new Error(`${file} does not begin with "# surface NAME, seed N": it is no finding`);
  return { name, seed: Number(seed), inputs: text.split(separator).slice(1) };
}
