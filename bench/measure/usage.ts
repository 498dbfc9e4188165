/** The resource usage of a process, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Time that all threads of a process and of its children were on a CPU, user and system, in microseconds. The scheduler counts it in
 * nanoseconds; `/proc/PID/stat` has hundredths of a second only. The time of a thread that has ended is not included.
 */
export function cpuMicros(pid: number): number {
  const micros = readdirSync(`/proc/${pid}/task`).map((thread) => threadMicros(`/proc/${pid}/task/${thread}`));
  const total = sum(micros);
  if (total > 0) return total;
  throw new Error(`/proc/${pid}/task has no CPU time: this needs Linux with schedstat (CONFIG_SCHED_INFO)`);
}

const threadMicros = (folder: string): number =>
  Number(readIfThere(`${folder}/schedstat`).split(' ')[0]) / 1000 +
  sum(readIfThere(`${folder}/children`).split(' ').filter(Boolean).map(Number).map(cpuMicros));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A thread may end while its process is read. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
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
