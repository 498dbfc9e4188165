/** Apps that use the name of a cookie or header that carries session tokens, as proxies report them. */
import type { CarrierConflict } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';

/** Returns the conflicts whose StickyWorkloads and carrier are in the table of the proxy's Gateway: the others are none of its business. */
export function conflictsIn(
  table: Pick<RoutingTable, 'routes'>,
  conflicts: readonly CarrierConflict[],
): CarrierConflict[] {
  const routesOf = (owner: string) => table.routes.filter(({ name }) => name.startsWith(`${owner}#`));
  return conflicts.filter(
    ({ workload, carrierOf, type, name }) =>
      routesOf(workload).length > 0 &&
      routesOf(carrierOf).some(
        ({ persistence }) => persistence?.carrier.type === type && persistence.carrier.name === name,
      ),
  );
}

/** Returns what is wrong and what to do. */
export function describeConflict({ workload, carrierOf, type, name }: CarrierConflict): string {
  const what = type === 'Cookie' ? `the cookie ${name}` : `the header ${name}`;
  const whose = workload === carrierOf ? '' : ` of StickyWorkload ${carrierOf} on the same host`;
  const field = type === 'Cookie' ? 'sessionPersistence.cookie.name' : 'sessionPersistence.header.name';
  const owner = workload === carrierOf ? '' : ` of ${carrierOf}`;
  const application =
    workload === carrierOf ? ', or use sessionPersistence.type Application if it is the session id of the app' : '';
  return (
    `The app sets ${what}, which carries the session tokens${whose}. The proxy removes it from responses, so clients never return it to the app. ` +
    `Set spec.${field}${owner} to another name${application}.`
  );
}
