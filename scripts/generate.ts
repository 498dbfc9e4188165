/** `npm run generate`: writes the generated files that are not as they should be. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findDifferences, generatedFolders, root } from './generate/all.ts';

for (const folder of generatedFolders) mkdirSync(join(root, folder), { recursive: true });

for (const difference of findDifferences()) {
  const file = join(root, difference.path);
  if ('stale' in difference) {
    rmSync(file);
    console.log(`removed ${difference.path}`);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, difference.text);
    console.log(`wrote ${difference.path}`);
  }
}
