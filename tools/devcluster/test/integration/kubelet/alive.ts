/** Whether a process runs. */
import { readFileSync } from 'node:fs';

/** A zombie, which waits for its parent to collect it, is not alive. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
