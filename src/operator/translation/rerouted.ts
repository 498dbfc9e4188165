/** Which StickyWorkloads other Gateways lead to than before: a route of any namespace may have done so, and is deleted without a trace. */

/** Keys of Gateways, by that of the StickyWorkload. */
type GatewaysByWorkload = ReadonlyMap<string, readonly string[]>;

export function findRerouted(before: GatewaysByWorkload, now: GatewaysByWorkload): string[] {
  if (before === now) return [];
  const keys = new Set([...before.keys(), ...now.keys()]);
  return [...keys].filter((key) => listOf(before, key) !== listOf(now, key));
}

const listOf = (gateways: GatewaysByWorkload, key: string): string | undefined => gateways.get(key)?.join();
