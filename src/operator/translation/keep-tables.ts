/** Finds the routing tables that a translation changed. Unchanged tables stay the same objects, whose JSON exists already. */
import { sameJson } from '../../wire/same-json.ts';
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
    const isKept = known !== undefined && sameJson(known, table);
    if (!isKept) changed.push(key);
    tables[key] = isKept ? known : table;
  }
  return { tables, changed };
}
