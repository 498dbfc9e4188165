/** Whether two values of plain JSON are equal, whatever the order of their properties. An absent property equals an undefined one. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) && Array.isArray(other)) return sameItems(one, other);
  if (Array.isArray(one) || Array.isArray(other)) return false;
  return sameProperties(one, other) && isCovered(one, other);
}

const sameItems = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => sameJson(item, other[at]));

const valueOf = (from: object, name: string): unknown => Reflect.get(from, name);

function sameProperties(one: object, other: object): boolean {
  for (const name in one) if (!sameJson(valueOf(one, name), valueOf(other, name))) return false;
  return true;
}

/** Whether every property that `other` has is in `one`. */
function isCovered(one: object, other: object): boolean {
  for (const name in other) if (valueOf(other, name) !== undefined && valueOf(one, name) === undefined) return false;
  return true;
}
