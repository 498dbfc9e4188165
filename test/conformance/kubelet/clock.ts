/** Time as the cases for a kubelet speak of it. */
import { expect } from '@jest/globals';

/**
 * From something that the case did itself: on a busy machine word of anything else comes late. What follows comes late, too, and early only by
 * what is rounded to whole seconds on its way.
 */
export function expectSeconds(fromMs: number, toMs: number, [least, most]: readonly [number, number]): void {
  expect((toMs - fromMs) / 1000).toBeGreaterThan(least - 0.5);
  expect((toMs - fromMs) / 1000).toBeLessThan(most + 3);
}

/** Long enough for what must not happen to happen, were it about to. */
export const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000));
