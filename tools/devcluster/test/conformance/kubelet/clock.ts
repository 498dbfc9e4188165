/** Time as the cases for a kubelet speak of it. */
import { expect } from '@jest/globals';

/** On a busy machine word of anything comes late: what a case tells apart is further apart than this, or comes too early. */
const latenessSeconds = 10;

/** From something that the case did itself. What follows comes early only by what is rounded to whole seconds on its way. */
export function expectSeconds(fromMs: number, toMs: number, [least, most]: readonly [number, number]): void {
  expect((toMs - fromMs) / 1000).toBeGreaterThan(least - 0.5);
  expect((toMs - fromMs) / 1000).toBeLessThan(most + latenessSeconds);
}

/** Long enough for what must not happen to happen, were it about to. */
export const aWhile = (seconds = 1): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
