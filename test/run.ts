/**
 * The test command: `node test/run.ts [fast|api|e2e] [jest option]…`, all layers without an argument.
 * It ends with the time of each layer and the slowest tests; the last line is the count: `N passed, N failed, N skipped`.
 */
import { runAll, timed, type NamedResult } from './runner/all.ts';
import { addCounts, formatCount } from './runner/count.ts';
import { layers } from './runner/layers.ts';
import { interrupted, watchForInterrupt } from './runner/process.ts';
import { formatTimes } from './runner/times.ts';

const [chosen, ...args] = process.argv.slice(2);
const layer = chosen === undefined ? undefined : layers[chosen];

if (chosen !== undefined && layer === undefined) {
  console.error(`unknown layer ${JSON.stringify(chosen)}: use ${Object.keys(layers).join(', ')}, or none for all`);
  process.exitCode = 2;
} else {
  watchForInterrupt();
  const startedAtMs = Date.now();
  const results = layer === undefined ? await runAll() : [await timed(String(chosen), () => layer({ args }))];
  report(results, Date.now() - startedAtMs);
}

function report(results: readonly NamedResult[], tookMs: number): void {
  const total = addCounts(results.map(({ count }) => count));
  const complete = !interrupted.aborted;
  if (!complete) console.error('interrupted');
  process.exitCode = complete && total.failed === 0 ? 0 : 1;
  for (const line of formatTimes(results, tookMs)) console.log(line);
  console.log(formatCount(total));
}
