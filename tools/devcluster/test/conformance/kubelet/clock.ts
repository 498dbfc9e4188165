/** Times in the cases for a kubelet. */
import { expect } from '@jest/globals';

/** On a busy machine reports are late: times that a case distinguishes differ by more than this. */
const latenessSeconds = 10;

/** Measured from an action of the case. An event is early only by the rounding to whole seconds. */
export function expectSeconds(fromMs: number, toMs: number, [least, most]: readonly [number, number]): void {
  expect((toMs - fromMs) / 1000).toBeGreaterThan(least - 0.5);
  expect((toMs - fromMs) / 1000).toBeLessThan(most + latenessSeconds);
}

/** Long enough for an unwanted event to happen. */
export const aWhile = (seconds = 1): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
