/** How new sessions are shared between the backends of a route. */

/**
 * All backends with a weight above 0, in the order in which they are to be asked: each place is drawn by weight from those that are
 * left. Where the first one takes the session, which is the rule, the shares are those of the weights.
 */
export function orderByWeight<T extends { weight: number }>(refs: readonly T[], random: () => number): T[] {
  const left = refs.filter(({ weight }) => weight > 0);
  const ordered: T[] = [];
  for (let drawn = draw(left, random); drawn !== undefined; drawn = draw(left, random)) ordered.push(drawn);
  return ordered;
}

/** Takes one out. */
function draw<T extends { weight: number }>(refs: T[], random: () => number): T | undefined {
  if (refs.length <= 1) return refs.pop();
  const total = refs.reduce((sum, { weight }) => sum + weight, 0);
  let point = random() * total;
  const index = refs.findIndex(({ weight }) => (point -= weight) < 0);
  // Rounding may leave the point at the very end: that is the last one's.
  return refs.splice(index, 1)[0];
}
