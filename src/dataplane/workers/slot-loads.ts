/** What a worker counts at an endpoint beside sessions, as numbers. */
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';

export type SlotLoad = Pick<
  EndpointSlot,
  'open' | 'starting' | 'startingConfirmed' | 'lastSeenS' | 'unconfirmedSeenS'
> & { slot: number };

const wordsPerLoad = 6;

export const packLoads = (slots: readonly EndpointSlot[]): Uint32Array =>
  Uint32Array.from(
    slots.flatMap(({ number, open, starting, startingConfirmed, lastSeenS, unconfirmedSeenS }) => [
      number,
      open,
      starting,
      startingConfirmed,
      lastSeenS,
      unconfirmedSeenS,
    ]),
  );

export function* readLoads(words: Uint32Array): Generator<SlotLoad> {
  for (let at = 0; at < words.length; at += wordsPerLoad) {
    const [slot = 0, open = 0, starting = 0, startingConfirmed = 0, lastSeenS = 0, unconfirmedSeenS = 0] =
      words.subarray(at);
    yield { slot, open, starting, startingConfirmed, lastSeenS, unconfirmedSeenS };
  }
}
