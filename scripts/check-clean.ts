/**
 * Fails when a generated file differs from its sources. It compares texts rather than asking git, so that the result
 * does not depend on other uncommitted changes.
 */
import { findDifferences } from './generate/all.ts';

const differences = findDifferences();
for (const difference of differences) {
  console.error(`${difference.path}: ${'stale' in difference ? 'no source generates it' : 'differs from its sources'}`);
}
if (differences.length > 0) {
  console.error('Run `npm run generate` and commit the changes.');
  process.exitCode = 1;
}
