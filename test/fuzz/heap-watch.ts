/** Notices memory that grows with the number of inputs: what is kept for good after each of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Finding } from './campaign.ts';

/** Each check collects all garbage, which takes some 50 ms. */
const periodMs = 20_000;
/** Far more than the inputs that a campaign keeps, and than caches of the proxy. */
const maxGrowthBytes = 150 * 1024 * 1024;

export function createHeapWatch(): { check(): Finding | undefined } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const usedBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = usedBytes();
  let nextMs = Date.now() + periodMs;
  return {
    check() {
      if (Date.now() < nextMs) return undefined;
      nextMs = Date.now() + periodMs;
      const grown = usedBytes() - before;
      return grown <= maxGrowthBytes ? undefined : { problem: `the heap has grown by ${grown} bytes`, input: '' };
    },
  };
}
