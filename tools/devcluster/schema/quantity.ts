/** Kubernetes quantities (`1500m`, `2Gi`, `1e3`), exactly: as whole numbers of nanos, the smallest that there are. */

const form = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;
const decimalExponents: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binaryPowers: Record<string, bigint> = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n };

/** A class because CEL tells the types of values by their constructors. */
export class Quantity {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export const isQuantity = (text: string): boolean => form.test(text);

/** Throws Error for what is no quantity. */
export function parseQuantity(text: string): Quantity {
  const match = form.exec(text);
  if (match === null) throw new Error(`quantities must match the regular expression '${form.source}'`);
  const [, sign, digits = '', suffix = '', exponent = '0'] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const factor = 1024n ** (binaryPowers[suffix] ?? 0n);
  const shift = 9 + (decimalExponents[suffix] ?? Number(exponent)) - fraction.length;
  const unscaled = BigInt(whole + fraction) * factor;
  const nanos = shift >= 0 ? unscaled * 10n ** BigInt(shift) : unscaled / 10n ** BigInt(-shift);
  return new Quantity(sign === '-' ? -nanos : nanos);
}

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nanos === b.nanos) return 0;
  return a.nanos < b.nanos ? -1 : 1;
}
