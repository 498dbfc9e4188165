/** What a proxy has confirmed of an epoch: the least of what it reports about the backends that it serves. */
import type { KeyRingReport } from '../../wire/messages.ts';

/** `rings`: of each session backend of the proxy's Gateway; undefined where it has reported none. Returns undefined if any is missing. */
export function combineRings(rings: readonly (KeyRingReport | undefined)[]): KeyRingReport | undefined {
  const reported = rings.filter((ring) => ring !== undefined);
  const [first] = reported;
  if (first === undefined || reported.length < rings.length) return undefined;
  return {
    current: Math.min(...reported.map(({ current }) => current)),
    ids: first.ids.filter((id) => reported.every(({ ids }) => ids.includes(id))),
  };
}
