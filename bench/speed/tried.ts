/** What was tried for goals that are not reached, by name of the workload; printed under the table where that is so. */
import type { WorkName } from './work-names.ts';
const small =
  'fewer system calls (there are two reads and two writes, as few as HAProxy has), V8 with a single-threaded garbage collector, libuv with io_uring, and Bun: none differs by more than the noise. Less code and garbage above the sockets does help: 20 % less of it per request, 40 % less garbage';

export const tried: Readonly<Partial<Record<WorkName, string>>> = {
  'small-8': small,
  'small-64': small,
  'small-256': small,
  'small-varied': small,
  page: 'the same; and a response that is written as the bytes that were received, with one copy and no string for its head',
  'connection-per-request':
    'connections accepted as handles, without a socket of Node around each; options of sockets inherited from the one that listens',
  websocket:
    'no object and no copy of its own for a message: what is left are two reads, two writes and what Node adds to each',
};
