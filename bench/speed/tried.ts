/** What was tried for goals that are not reached, by name of the workload; printed under the table where that is so. */
import type { WorkName } from './work-names.ts';

const small =
  'fewer system calls (there are two reads and two writes, as few as HAProxy has), V8 with a single-threaded garbage collector, libuv with io_uring, and Bun: none differs by more than the noise. Less code and garbage above the sockets does help: a third less of it per request, and half of the garbage; so does letting V8 inline more (3 to 5 %). What is left is between `net, bytes only` and this row';
const handshake =
  "a handshake on Node's handle for TLS, without streams and listeners around each connection (docs/design/0043). What is left is OpenSSL, as in HAProxy; Envoy has BoringSSL";
const streams =
  'no object and no copy of its own for a message, and one write for all that one read causes: what is left are two reads, two writes and what Node adds to each';

export const tried: Readonly<Partial<Record<WorkName, string>>> = {
  'small-8': small,
  'small-64': small,
  'small-256': small,
  'small-repeated': small,
  page: 'the same as for small requests; heads of responses known for each pod, which saved a tenth; and a response that is written as the bytes that were received, with one copy and no string for its head',
  mebibyte:
    'reads of 256 KiB that are written from where they were read; buffers of 64 KiB cost more, and of 1 MiB hardly less',
  'connection-per-request':
    'connections accepted as handles, without a socket of Node around each; options of sockets inherited from the one that listens',
  websocket: streams,
  'tls-keep-alive':
    'reads and writes on the handle for TLS, without streams, and one record for what one turn writes (docs/design/0043). What is left is that this handle reports each write a turn later, and that bytes pass through memory of OpenSSL',
  'tls-new': handshake,
  'tls-resumed': handshake,
  http2:
    'header blocks that come again are not decoded, judged or written again, and what one read causes is one write (docs/design/0044)',
  'grpc-stream': streams,
};
