/** Which proxies carry requests to a StickyWorkload: those of every Gateway whose table has it for a backend. */
import type { Translated } from '../feed/translation-feed.ts';
import { expectedProxies } from '../sessions/expected-proxies.ts';

/** UIDs of running proxy pods, by backend key. */
export function proxiesByBackend({ snapshot, translation }: Translated): ReadonlyMap<string, string[]> {
  const proxies = new Map<string, string[]>();
  for (const [gateway, { backends }] of Object.entries(translation.tables)) {
    const running = expectedProxies(snapshot, gateway);
    for (const key of Object.keys(backends)) proxies.set(key, [...(proxies.get(key) ?? []), ...running]);
  }
  return proxies;
}
