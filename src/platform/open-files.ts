/** The limit of open files of this process. Node raises the soft limit to the hard one when it starts. */
import { readFileSync } from 'node:fs';

/** Returns the soft limit; Infinity if there is none, or if the system does not show it (only Linux does). */
export function readOpenFileLimit(file = '/proc/self/limits'): number {
  try {
    const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(readFileSync(file, 'utf8')) ?? [];
    return /^[0-9]+$/.test(soft) ? Number(soft) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
