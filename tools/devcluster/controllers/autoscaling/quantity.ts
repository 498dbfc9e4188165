/** Quantities of Kubernetes (`250m`, `1.5`, `64Mi`), in thousandths. */

const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};
for (const [power, prefix] of ['K', 'M', 'G', 'T', 'P', 'E'].entries()) factors[`${prefix}i`] = 1024 ** (power + 1);

/** Rounded up to whole thousandths, as `MilliValue` does. */
export function parseMilli(quantity: string | number): number {
  const [, digits = '', suffix = ''] = /^([+-]?[0-9.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  const factor = factors[suffix];
  const value = Number(digits);
  if (digits === '' || factor === undefined || Number.isNaN(value)) throw new Error(`not a quantity: ${quantity}`);
  // The product may miss a whole number by what binary fractions miss.
  return Math.ceil(Number((value * factor * 1000).toPrecision(15)));
}

/** The canonical form: the largest suffix that leaves a whole number. */
export function formatMilli(milli: number): string {
  if (milli % 1000 !== 0) return `${milli}m`;
  let value = milli / 1000;
  const suffixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let power = 0;
  while (value !== 0 && value % 1000 === 0 && power < suffixes.length - 1) {
    value /= 1000;
    power += 1;
  }
  return `${value}${suffixes[power] ?? ''}`;
}
