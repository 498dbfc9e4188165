/**
 * Backends of StickyWorkloads to which a Gateway leads no more while its proxies run: the route is deleted, moved to another Gateway, or deleted
 * together with the Gateway. They stay in the table, without a route, until the proxies have no session on them: the proxies count their open streams,
 * and learn which pods drain.
 *
 * Only if no route of the Gateway leads to the StickyWorkload: otherwise the pods are in the table, with the sum of the counts of all backends.
 */
import type { GatewayPlan } from '../resolve/gateway-plan.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import { targetsOf } from '../route/resolve-refs.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import type { BuiltBackend, HeldBackend } from './built-backend.ts';

export type LeftBackends = {
  /** By key of the Gateway. */
  byGateway: ReadonlyMap<string, readonly HeldBackend[]>;
  /** Keys of the Gateways, by key of the StickyWorkload. */
  byWorkload: ReadonlyMap<string, readonly string[]>;
};

/** Identifies a StickyWorkload that has left a Gateway. */
export const leftKey = (gateway: string, workload: string): string => `${gateway} ${workload}`;

type Tables = Readonly<Record<string, RoutingTable>>;
type Before = { tables: Tables; built: ReadonlyMap<string, BuiltBackend> };
type Now = {
  tables: Tables;
  gateways: Readonly<Record<string, GatewayPlan>>;
  plans: ReadonlyMap<string, ServingPlan>;
  gatewaysByBackend: ReadonlyMap<string, string[]>;
  claimed: ReadonlyMap<string, readonly HeldBackend[]>;
  ended: ReadonlySet<string>;
};

/** `claimed`: of retired Gateways. `ended`: what the proxies have no session on any more, by `leftKey`. */
export function findLeft(before: Before | undefined, now: Now): LeftBackends {
  const byGateway = new Map<string, HeldBackend[]>();
  for (const [gateway, claimed] of now.claimed) {
    const left = claimed.flatMap((held) => stillHeld(held, gateway, now) ?? []);
    if (left.length > 0) byGateway.set(gateway, left);
  }
  for (const [gateway, { backends }] of Object.entries(before?.tables ?? {})) {
    const left = Object.keys(backends).flatMap((key) => {
      const held = before?.built.get(key)?.of;
      return held && 'plan' in held ? (stillHeld(held, gateway, now) ?? []) : [];
    });
    const claimed = byGateway.get(gateway)?.filter(({ key }) => !left.some((one) => one.key === key)) ?? [];
    if (left.length > 0) byGateway.set(gateway, [...left, ...claimed]);
  }
  return { byGateway, byWorkload: indexGateways(byGateway) };
}

function stillHeld(held: HeldBackend, gateway: string, now: Now): HeldBackend | undefined {
  const { key, namespace } = held.plan;
  const plan = now.plans.get(key);
  if (plan === undefined || now.tables[gateway] === undefined) return undefined;
  if (now.gatewaysByBackend.get(key)?.includes(gateway) || now.ended.has(leftKey(gateway, key))) return undefined;
  return isRevoked(now.gateways[gateway], namespace) ? undefined : { ...held, plan };
}

/** Its owner no longer permits what a route asks for: the keys leave with the next table. */
const isRevoked = (gateway: GatewayPlan | undefined, namespace: string): boolean =>
  gateway?.routes.some(({ judged: { route, refs } }) =>
    targetsOf(route).some((target) => {
      const verdict = refs.get(target.at);
      return target.namespace === namespace && verdict?.kind === 'unresolved' && verdict.reason === 'RefNotPermitted';
    }),
  ) ?? false;

function indexGateways(byGateway: LeftBackends['byGateway']): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const [gateway, left] of byGateway) {
    for (const { plan } of left) found.set(plan.key, (found.get(plan.key) ?? new Set()).add(gateway));
  }
  return new Map([...found].map(([key, gateways]) => [key, [...gateways]]));
}

/** Adds them to the tables, with the keys and limits that they had there: new keys are for those to whom routes lead. */
export function addLeft(
  tables: Tables,
  { byGateway }: LeftBackends,
  { built, before }: Pick<Before, 'built'> & { before: Pick<Before, 'tables'> | undefined },
): Record<string, RoutingTable> {
  const next = { ...tables };
  for (const [gateway, left] of byGateway) {
    const table = next[gateway];
    if (table === undefined) continue;
    const kept = left.flatMap(({ key }) => {
      const known = before?.tables[gateway]?.backends[key];
      const current = built.get(key)?.backend;
      return current ? [[key, known ? moveOnly(known, current) : current] as const] : [];
    });
    const backends = [...Object.entries(table.backends), ...kept].toSorted(([one], [other]) => (one < other ? -1 : 1));
    next[gateway] = { ...table, backends: Object.fromEntries(backends) };
  }
  return next;
}

/** Returns the backend with other endpoints. */
export const moveOnly = (known: Backend, { endpoints, removedEndpoints }: Backend): Backend =>
  known.endpoints === endpoints && known.removedEndpoints === removedEndpoints
    ? known
    : { ...known, endpoints, removedEndpoints };
