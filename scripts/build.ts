/** `npm run build`: writes what the image runs to `dist/`. */
import { join } from 'node:path';
import { bundle } from './build/bundle.ts';

try {
  for (const [file, { bytes }] of Object.entries(await bundle(join(import.meta.dirname, '../dist')))) {
    if (file.endsWith('.js')) console.log(`${file}  ${Math.ceil(bytes / 1024)} KiB`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
