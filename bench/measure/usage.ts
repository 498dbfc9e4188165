/** The resource usage of a process, as Linux counts it. */
import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** CPU time of all threads, user and system, in microseconds; the kernel counts it in hundredths of a second. */
export function cpuMicros(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may contain spaces: fields 3 and up follow its closing parenthesis.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return ((userTicks + systemTicks) * 1_000_000) / ticksPerSecond;
}

/**
 * `resident`: all pages in memory. `shared`: the same with each page divided by the number of processes that map it (PSS).
 * `own`: pages that no other process maps. In bytes.
 */
export type Memory = { resident: number; shared: number; own: number };

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (name: string) => readKilobytes(text, name, pid);
  return { resident: read('Rss'), shared: read('Pss'), own: read('Private_Clean') + read('Private_Dirty') };
}

/** The peak resident memory, in bytes. */
export const peakMemory = (pid: number): number =>
  readKilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM', pid);

function readKilobytes(text: string, name: string, pid: number): number {
  const found = new RegExp(`^${name}:\\s+([0-9]+) kB$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`/proc of process ${pid} has no ${name}: this needs Linux 4.14 or newer`);
  return Number(found) * 1024;
}
