/** TLS handshakes by `openssl s_time`: each connection has one request. Several processes, because each has one connection at a time. */
import { findProgram, runToEnd } from '../../measure/program.ts';
import { host } from '../host.ts';
import type { Load } from './load.ts';

const processes = 4;

/** s_time appends ` HTTP/1.0` and the end of the head to the path: a last header takes it, so that the request is one of HTTP/1.1. */
const renderPath = (cookie: string | undefined): string =>
  [
    '/64 HTTP/1.1',
    `Host: ${host}`,
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    'Connection: close',
    'X-End:',
  ].join('\r\n');

export const handshakeLoad =
  (kind: 'new' | 'resumed'): Load =>
  async ({ port, cookies, core }, { seconds, started }) => {
    const command = findProgram('openssl') ?? 'openssl';
    // It ends at a full second of the clock, so it takes up to a second less.
    const args = ['s_time', kind === 'new' ? '-new' : '-reuse', '-time', String(seconds + 1), '-tls1_3'];
    const beganMs = performance.now();
    started();
    const outputs = await Promise.all(
      Array.from({ length: processes }, (_, number) =>
        runToEnd({
          command,
          args: [...args, '-connect', `127.0.0.1:${port}`, '-www', renderPath(cookies[number])],
          core,
        }),
      ),
    );
    const count = outputs.reduce((sum, output) => sum + countHandshakes(output, kind), 0);
    return { count, seconds: (performance.now() - beganMs) / 1000 };
  };

/** s_time prints a character for each handshake: `r` if the session was resumed. The first of a process never is. */
export function countHandshakes(output: string, kind: 'new' | 'resumed'): number {
  const marks = /^[*rt]{2,}$/m.exec(output)?.[0];
  const bytes = /([0-9]+) bytes read per connection/.exec(output)?.[1];
  if (marks === undefined || bytes === undefined) throw new Error(`openssl s_time printed no result: ${output}`);
  if (Number(bytes) === 0) throw new Error('requests after a handshake received no response');
  const resumed = marks.replaceAll(/[^r]/g, '').length;
  const wanted = kind === 'new' ? marks.length - resumed : resumed;
  if (wanted < 0.95 * (marks.length - 1)) {
    throw new Error(`${marks.length - wanted} of ${marks.length} handshakes were not ${kind}`);
  }
  return marks.length;
}
