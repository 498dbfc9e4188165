/** The load generator h2load of nghttp2, in a closed loop: HTTP/2 with the header compression of a real client, or HTTP/1.1. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, runToEnd } from '../../measure/program.ts';
import { grpcMessage } from '../apps/grpc-message.ts';
import { host } from '../host.ts';
import type { Load, LoadResult } from './load.ts';

/** `unary`: gRPC calls with a message each; otherwise requests without a body. */
type SameRequests = { version: '1.1' | '2'; connections: number; streams: number; path: string; unary?: boolean };

/** All its requests are the same, with the same cookie. */
export const h2loadLoad =
  ({ version, connections, streams, path, unary = false }: SameRequests): Load =>
  async ({ port, cookies: [cookie], folder, core }, { seconds, started }) => {
    const body = join(folder, 'message');
    writeFileSync(body, grpcMessage);
    const args = [
      '-t1',
      ...(version === '1.1' ? ['--h1'] : []),
      `-c${connections}`,
      `-m${streams}`,
      `-D${seconds}`,
      ...(cookie === undefined ? [] : ['-H', `cookie: ${cookie}`]),
      ...(unary ? ['-d', body, '-H', 'content-type: application/grpc', '-H', 'te: trailers'] : []),
      '-H',
      `:authority: ${host}`,
      `http://127.0.0.1:${port}${path}`,
    ];
    started();
    return parseH2load(await runToEnd({ command: findProgram('h2load') ?? 'h2load', args, core }));
  };

/** It stops its last streams without an answer: these are not failures. */
export function parseH2load(output: string): LoadResult {
  const seconds = /^finished in ([0-9.]+)(s|ms),/m.exec(output);
  const [, done, succeeded, failed, errored, timeout] =
    /([0-9]+) done, ([0-9]+) succeeded, ([0-9]+) failed, ([0-9]+) errored, ([0-9]+) timeout/.exec(output) ?? [];
  if (seconds === null || done === undefined) throw new Error(`h2load printed no result: ${output}`);
  const bad = Number(failed) + Number(errored) + Number(timeout);
  if (bad > 0) throw new Error(`${bad} of ${done} requests failed`);
  return { count: Number(succeeded), seconds: Number(seconds[1]) / (seconds[2] === 'ms' ? 1000 : 1) };
}
