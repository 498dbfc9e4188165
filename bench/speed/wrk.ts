/** The load generator wrk. Its Lua script contains the requests, one for each session, and prints the result as JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../measure/program.ts';

export type Load = {
  wrk: string;
  core: number;
  folder: string;
  port: number;
  seconds: number;
  connections: number;
  requests: readonly string[];
};

export type LoadResult = { requests: number; seconds: number; p50Ms: number; p99Ms: number };

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
  io.write(string.format('RESULT {"requests":%d,"micros":%d,"failed":%d,"p50Micros":%d,"p99Micros":%d}\\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
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
  return {
    requests: read('requests'),
    seconds: read('micros') / 1e6,
    p50Ms: read('p50Micros') / 1000,
    p99Ms: read('p99Micros') / 1000,
  };
}

export async function runLoad({ wrk, core, folder, port, seconds, connections, requests }: Load): Promise<LoadResult> {
  const script = join(folder, `load-${port}.lua`);
  writeFileSync(script, renderScript(requests));
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}/`];
  return parseResult(await runToEnd({ command: wrk, args, core }));
}
