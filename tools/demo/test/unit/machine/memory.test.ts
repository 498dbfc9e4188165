import { describe, expect, test } from '@jest/globals';
import { findMemoryProblem } from '../../../machine/memory.ts';

const gigabytes = (count: number): number => count * 1024 ** 3;
/** What Node says where there is no limit. */
const noLimit = 2 ** 64;

describe('the memory for a demo', () => {
  test.each([
    ['much is free, and there is no limit', { free: gigabytes(8), limit: noLimit }],
    ['it is not known whether there is a limit', { free: gigabytes(8), limit: 0 }],
    ['the limit leaves enough', { free: gigabytes(8), limit: gigabytes(2) }],
  ])('is enough where %s', (_, memory) => {
    expect(findMemoryProblem(memory)).toBeUndefined();
  });

  test.each([
    [
      'little is free',
      { free: gigabytes(1.2), limit: noLimit },
      'the demo needs 1.4 GB of memory, and only 1.2 GB is free: end other programs',
    ],
    [
      'a container may have little, of much',
      { free: gigabytes(8), limit: gigabytes(1) },
      'the demo needs 1.4 GB of memory, and may have only 1.0 GB here: give this container more',
    ],
  ])('is missing where %s', (_, memory, sentence) => {
    expect(findMemoryProblem(memory)).toBe(sentence);
  });
});
