import { setTimeout as delay } from 'node:timers/promises';

const stepMs = 50;

/**
 * Whether something ends while this process runs for so long. In steps: however long the process gets no CPU, that is one step for the test, and for
 * what it waits for.
 */
export function endsWithin(limitMs: number, ending: Promise<unknown>): Promise<boolean> {
  const passing = async () => {
    for (let passedMs = 0; passedMs < limitMs; passedMs += stepMs) await delay(stepMs);
    return false;
  };
  return Promise.race([ending.then(() => true), passing()]);
}
