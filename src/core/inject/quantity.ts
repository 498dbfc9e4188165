/** Quantities of resources, in the notation that the API accepts (see api/resources). */
import type { QuantityJson } from './pod.ts';

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
};

export const largerQuantity = (one: QuantityJson, other: QuantityJson): QuantityJson =>
  valueOf(other) > valueOf(one) ? other : one;

function valueOf(quantity: QuantityJson): number {
  const [, number, unit = ''] = /^([0-9.]+)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  return Number(number) * (factors[unit] ?? Number.NaN);
}
