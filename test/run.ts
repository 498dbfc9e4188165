/**
 * The test command: `node test/run.ts [fast|api|e2e] [jest option]…`, all layers without an argument.
 * The last line is the count: `N passed, N failed, N skipped`.
 */
import { addCounts, formatCount, oneFailure, type Count } from './runner/count.ts';
import { layers } from './runner/layers.ts';
import { interrupted, watchForInterrupt } from './runner/process.ts';

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
  const counts: Count[] = [];
  for (const name of names) {
    if (interrupted.aborted) break;
    console.log(`== ${name}`);
    counts.push((await layers[name]?.(jestArgs)) ?? oneFailure);
  }
  const total = addCounts(counts);
  const complete = !interrupted.aborted;
  if (!complete) console.error('interrupted');
  process.exitCode = complete && total.failed === 0 ? 0 : 1;
  console.log(formatCount(total));
}
