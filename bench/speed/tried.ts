/** What was tried for goals that are not reached, by name of the workload; printed under the table where that is so. */
import type { WorkName } from './work-names.ts';
const small =
  'fewer system calls (there are two reads and two writes, as few as HAProxy has), V8 with a single-threaded garbage collector, libuv with io_uring, and Bun: none differs by more than the noise';

export const tried: Readonly<Partial<Record<WorkName, string>>> = {
  'small-8': small,
  'small-64': small,
  'small-256': small,
};
