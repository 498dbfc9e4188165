/**
 * Fails when a generated file differs from what its sources give. It compares texts rather than asking git, so that
 * it says the same on a clean clone and beside other uncommitted work.
 */
import { findDifferences } from './generate/all.ts';

const differences = findDifferences();
for (const difference of differences) {
  console.error(
    `${difference.path}: ${'stale' in difference ? 'nothing generates it any more' : 'differs from its sources'}`,
  );
}
if (differences.length > 0) {
  console.error('Run `npm run generate` and commit what it changes.');
  process.exitCode = 1;
}
