/** Describes the machine: without it the figures mean nothing. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { formatBytes, formatNumber } from './markdown.ts';

export function describeMachine(command: string, takenAt: Date): string {
  const model = cpus()[0]?.model.trim() ?? 'an unknown CPU';
  const [load = 0] = loadavg();
  return [
    `- Command: \`${command}\``,
    `- Machine: ${availableParallelism()} cores of ${model}, ${formatBytes(totalmem())} of memory, Linux ${release()}`,
    `- Node ${process.versions.node}, ${takenAt.toISOString().slice(0, 10)}; load average before: ${formatNumber(load)}`,
  ].join('\n');
}
