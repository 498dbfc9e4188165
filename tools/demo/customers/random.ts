/** Chance that can be replayed: mulberry32, a 32-bit generator that passes the usual tests and fits in five lines. */

export type Random = () => number;

/** Numbers in [0, 1). The same parts give the same numbers; different parts give unrelated ones. */
export function createRandom(...seedParts: readonly number[]): Random {
  let state = seedParts.reduce((mixed, part) => mix((mixed ^ part) + 0x9e3779b9), 0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Exponential with the mean: how long visits last when their end does not depend on their age. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());

function mix(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
