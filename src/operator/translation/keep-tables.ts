/** Which routing tables a translation changed. Those that it did not stay the same objects, whose JSON is made already. */
import type { RoutingTable } from '../../wire/routing-table.ts';

/** `changed`: keys of tables that differ from those before, or are new. */
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

/** Plain JSON, with the same order of fields on both sides. What is the same object, as backends without a change are, is not looked into. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [left, right] = [Object.entries(one), Object.entries(other)];
  return (
    left.length === right.length &&
    left.every(([key, value], at) => key === right[at]?.[0] && isEqual(value, right[at]?.[1]))
  );
}
