/** Waits until a value satisfies a condition; on timeout the error contains the last value. */
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 5;

export async function eventually<T>(
  read: () => T | Promise<T>,
  isRight: (value: T) => boolean,
  limitMs = 5000,
): Promise<T> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const value = await read();
    if (isRight(value)) return value;
    if (Date.now() > endMs) throw new Error(`still ${JSON.stringify(value)} after ${limitMs} ms`);
    await delay(pollMs);
  }
}
