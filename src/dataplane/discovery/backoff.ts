/** How long to wait before the next attempt: twice as long each time up to a limit, spread so that a crowd of proxies does not come at once. */

export type Backoff = { firstMs: number; maxMs: number };

/** `failures`: in a row, from 0. `random`: at least 0, below 1. Between half and all of the doubled delay. */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: number): number {
  const doubled = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.round(doubled * (0.5 + random / 2));
}
