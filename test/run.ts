/**
 * The test command: `node test/run.ts [fast|api|e2e] [jest option]…`, all layers without an argument.
 * It ends with the time of each layer and the slowest tests; the last line is the count: `N passed, N failed, N skipped`.
 */
import { addCounts, formatCount, oneFailure, type Count } from './runner/count.ts';
import { layers } from './runner/layers.ts';
import { interrupted, watchForInterrupt } from './runner/process.ts';
import { formatTimes, type LayerTimes } from './runner/times.ts';

const [chosen, ...jestArgs] = process.argv.slice(2);
const known = Object.keys(layers);

if (chosen !== undefined && !known.includes(chosen)) {
  console.error(`unknown layer ${JSON.stringify(chosen)}: use ${known.join(', ')}, or none for all`);
  process.exitCode = 2;
} else {
  await runLayers(chosen === undefined ? known : [chosen]);
}

async function runLayers(names: readonly string[]): Promise<void> {
  watchForInterrupt();
  const startedAtMs = Date.now();
  const counts: Count[] = [];
  const times: LayerTimes[] = [];
  for (const name of names) {
    if (interrupted.aborted) break;
    console.log(`== ${name}`);
    const layerStartedAtMs = Date.now();
    const { count, files } = (await layers[name]?.(jestArgs)) ?? { count: oneFailure, files: [] };
    counts.push(count);
    times.push({ layer: name, tookMs: Date.now() - layerStartedAtMs, files });
  }
  const total = addCounts(counts);
  const complete = !interrupted.aborted;
  if (!complete) console.error('interrupted');
  process.exitCode = complete && total.failed === 0 ? 0 : 1;
  for (const line of formatTimes(times, Date.now() - startedAtMs)) console.log(line);
  console.log(formatCount(total));
}
