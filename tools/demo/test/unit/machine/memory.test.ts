import { describe, expect, test } from '@jest/globals';
import { findMemoryProblem } from '../../../machine/memory.ts';

const gigabytes = (count: number): number => count * 1024 ** 3;
/** What Node returns without a limit. */
const noLimit = 2 ** 64;

describe('the memory for a demo', () => {
  test.each([
    ['enough is free, without a limit', { free: gigabytes(8), limit: noLimit }],
    ['enough is free, with an unknown limit', { free: gigabytes(8), limit: 0 }],
    ['the limit is high enough', { free: gigabytes(8), limit: gigabytes(2) }],
  ])('is enough where %s', (_, memory) => {
    expect(findMemoryProblem(memory)).toBeUndefined();
  });

  test.each([
    [
      'little is free',
      { free: gigabytes(1.2), limit: noLimit },
      'the demo needs 1.4 GB of memory, but only 1.2 GB is free: stop other programs',
    ],
    [
      'the limit of a container is low',
      { free: gigabytes(8), limit: gigabytes(1) },
      'the demo needs 1.4 GB of memory, but is limited to 1.0 GB: raise the memory limit of this container',
    ],
  ])('is not enough where %s', (_, memory, sentence) => {
    expect(findMemoryProblem(memory)).toBe(sentence);
  });
});
