/** Describes the machine: without it the figures of a section mean nothing. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { formatBytes, formatNumber } from './markdown.ts';

/** To be called before the section is measured: the load average is the others'. */
export function describeMachine(takenAt: Date): string {
  const model = cpus()[0]?.model.trim() ?? 'an unknown CPU';
  const [load = 0] = loadavg();
  const machine = `${availableParallelism()} cores of ${model}, ${formatBytes(totalmem())} of memory, Linux ${release()}`;
  const day = takenAt.toISOString().slice(0, 10);
  return `Measured ${day} on ${machine}, Node ${process.versions.node}; load average before: ${formatNumber(load)}.`;
}
