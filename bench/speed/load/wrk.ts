/** The load generator wrk, in a closed loop. Its Lua script contains the requests, one for each session, and prints the result as JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, runToEnd } from '../../measure/program.ts';
import { host } from '../host.ts';
import type { Load, LoadResult } from './load.ts';

/** `headers`: complete header lines of every request, besides Host and Cookie. */
export type Requests = { connections: number; path: string; headers: readonly string[]; scheme: 'http' | 'https' };

export const wrkLoad =
  ({ connections, scheme, ...request }: Requests): Load =>
  async ({ port, cookies, folder, core }, { seconds, started }) => {
    const script = join(folder, `load-${port}.lua`);
    writeFileSync(script, renderScript(cookies.slice(0, connections).map((cookie) => renderRequest(cookie, request))));
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, `${scheme}://127.0.0.1:${port}/`];
    started();
    return parseResult(await runToEnd({ command: findProgram('wrk') ?? 'wrk', args, core }));
  };

export const renderRequest = (
  cookie: string | undefined,
  { path, headers }: Pick<Requests, 'path' | 'headers'>,
): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...headers,
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    '',
    '',
  ].join('\r\n');

function renderScript(requests: readonly string[]): string {
  return `
local requests = {
${requests.map((request) => `  ${JSON.stringify(request)},`).join('\n')}
}
local last = 0
request = function()
  last = last % #requests + 1
  return requests[last]
end
done = function(summary, latency, rates)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('RESULT {"requests":%d,"micros":%d,"failed":%d}\\n', summary.requests, summary.duration, failed))
end
`;
}

/** Throws if requests failed: the figure would measure something else. */
export function parseResult(output: string): LoadResult {
  const text = /^RESULT (.*)$/m.exec(output)?.[1];
  if (text === undefined) throw new Error(`wrk printed no result: ${output}`);
  const result: unknown = JSON.parse(text);
  const read = (name: string): number => {
    const value: unknown = typeof result === 'object' && result !== null ? Reflect.get(result, name) : undefined;
    if (typeof value === 'number') return value;
    throw new Error(`wrk's result has no ${name}: ${text}`);
  };
  if (read('failed') > 0) throw new Error(`${read('failed')} of ${read('requests')} requests failed`);
  return { count: read('requests'), seconds: read('micros') / 1e6 };
}
