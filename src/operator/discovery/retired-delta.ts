/**
 * What a proxy still gets once its Gateway is gone: the changes of the endpoints of the backends that it has. Its listeners, routes and keys stay, as
 * the requests and streams that it has begun need them; an operator that has started meanwhile does not even know them.
 */
import { resourceId } from '../../wire/resources.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { TableDelta } from '../../wire/table-delta.ts';

type Have = RoutingTable | Readonly<Record<string, string>>;

/** Returns the part of the table whose backends a proxy has: those of the last table before it was retired, or of what it says it has. */
export function partOf(table: RoutingTable, last: Have): RoutingTable {
  const has = isTable(last)
    ? (key: string) => Object.hasOwn(last.backends, key)
    : (key: string) => Object.hasOwn(last, resourceId('endpoints', key));
  return { ...table, backends: Object.fromEntries(Object.entries(table.backends).filter(([key]) => has(key))) };
}

const isTable = (last: Have): last is RoutingTable => typeof last['backends'] === 'object';

/** Without keys: the pod may run as the ServiceAccount of a Gateway that has never been allowed to have them. */
export function endpointsIn({ set = [], endpoints = [] }: TableDelta): TableDelta {
  const whole = set.filter(({ type }) => type === 'endpoints');
  return { ...(whole.length > 0 && { set: whole }), ...(endpoints.length > 0 && { endpoints }) };
}
