/** When requests arrive in an open loop: by chance at a mean rate, as those of many independent clients do. Pure. */

/** Milliseconds from the beginning, in order, until `seconds` are over. `random`: from 0 to 1, as Math.random. */
export function arrivals(rate: number, seconds: number, random: () => number): number[] {
  const times: number[] = [];
  const meanMs = 1000 / rate;
  for (let atMs = gap(meanMs, random); atMs < seconds * 1000; atMs += gap(meanMs, random)) times.push(atMs);
  return times;
}

/** The time between two arrivals of a Poisson process. */
const gap = (meanMs: number, random: () => number): number => -Math.log(1 - random()) * meanMs;
