/** Where a new session goes. */
import type { Endpoint } from '../table/routing-table.ts';

/** `load`: live sessions and those about to begin. `random`: at least 0, below 1. */
export type Choosing = { load: (endpoint: Endpoint) => number; random: () => number };

/**
 * The accepting endpoint with the fewest sessions, or undefined where none accepts: never one that is Pending or Draining,
 * not even when nothing else is left. Ties fall to chance, so that several proxies that know the same do not all choose the same pod.
 */
export function pickLeastSessions(endpoints: readonly Endpoint[], { load, random }: Choosing): Endpoint | undefined {
  let best: Endpoint | undefined;
  let bestLoad = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (const endpoint of endpoints) {
    if (endpoint.state !== 'Accepting') continue;
    const here = load(endpoint);
    if (here > bestLoad) continue;
    ties = here < bestLoad ? 1 : ties + 1;
    // The n-th of equals replaces the one before with chance 1/n: all are equally likely after one pass.
    if (ties === 1 || random() * ties < 1) best = endpoint;
    bestLoad = here;
  }
  return best;
}
