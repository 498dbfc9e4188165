/** Finds the routing tables that a translation changed. Unchanged tables stay the same objects, whose JSON exists already. */
import type { RoutingTable } from '../../wire/routing-table.ts';

/** `changed`: keys of tables that are new or differ from the previous ones. */
export function keepTables(
  next: Record<string, RoutingTable>,
  before: Record<string, RoutingTable>,
): { tables: Record<string, RoutingTable>; changed: string[] } {
  const changed: string[] = [];
  const tables: Record<string, RoutingTable> = {};
  for (const [key, table] of Object.entries(next)) {
    const known = before[key];
    const isKept = known !== undefined && isEqual(known, table);
    if (!isKept) changed.push(key);
    tables[key] = isKept ? known : table;
  }
  return { tables, changed };
}

/** Compares plain JSON with the same field order on both sides. Identical objects, such as unchanged backends, are not compared deeply. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [left, right] = [Object.entries(one), Object.entries(other)];
  return (
    left.length === right.length &&
    left.every(([key, value], at) => key === right[at]?.[0] && isEqual(value, right[at]?.[1]))
  );
}
