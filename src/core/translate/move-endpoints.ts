/**
 * The path of pods and EndpointSlices: where only these differ from the cluster state before, all verdicts stay the same objects, and backends
 * are updated by what changed. Both paths give equal results.
 */
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import { withTls } from './backend-tls.ts';
import { buildBackend } from './backends.ts';
import type { BuiltBackend, HeldBackend } from './built-backend.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { moveOnly, type LeftBackends } from './left-backends.ts';
import { buildServiceBackend } from './service-backends.ts';
import type { Touched } from './touched.ts';

export const endpointParts: ReadonlySet<string> = new Set<keyof Snapshot>(['pods', 'slices', 'removedPods']);

/** Whether two cluster states differ in these parts at most. Parts that are equal but other objects count as different. */
export function differOnlyIn(parts: ReadonlySet<string>, one: Snapshot, other: Snapshot): boolean {
  const before = new Map<string, unknown>(Object.entries(one));
  const after = Object.entries(other);
  return (
    before.size === after.length &&
    after.every(([part, value]) => parts.has(part) || (before.has(part) && before.get(part) === value))
  );
}

/** What of a translation depends on pods and slices. */
type Movable = {
  snapshot: Snapshot;
  index: ClusterIndex;
  built: ReadonlyMap<string, BuiltBackend>;
  backends: Record<string, Backend>;
  tables: Record<string, RoutingTable>;
  left: LeftBackends;
};

type Moved = { snapshot: Snapshot; touched: Touched; index: ClusterIndex };

export function moveEndpoints<Known extends Movable>(before: Known, { snapshot, touched, index }: Moved): Known {
  const sources = { ...snapshot, touched, index };
  const changed = new Map<string, BuiltBackend>();
  for (const [key, known] of before.built) {
    if (!mayConcern(known, before, { snapshot, touched })) continue;
    const next =
      'plan' in known.of ? buildBackend(known.of, sources, known) : buildServiceBackend(known.of, sources, known);
    if (next && next !== known) changed.set(key, next);
  }
  const rest = { ...before, snapshot, index };
  if (changed.size === 0) return rest;
  return {
    ...rest,
    built: new Map([...before.built, ...changed]),
    backends: replaceIn(before.backends, changed),
    tables: Object.fromEntries(
      Object.entries(before.tables).map(([key, table]) => [
        key,
        replaceInTable(table, changed, before.left.byGateway.get(key)),
      ]),
    ),
  };
}

/** A look at each backend of the cluster that has to be cheap. */
function mayConcern(
  { of }: BuiltBackend,
  { snapshot: { removedPods: before } }: Movable,
  { snapshot: { removedPods }, touched: { namespaces } }: Pick<Moved, 'snapshot' | 'touched'>,
): boolean {
  if (!('plan' in of)) return namespaces.has(namespaceOf(of.target.service));
  const { key, namespace } = of.plan;
  return (
    namespaces.has(namespace) ||
    removedPods[key] !== before[key] ||
    (of.service !== undefined && namespaces.has(namespaceOf(of.service)))
  );
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'));

function replaceIn(
  backends: Readonly<Record<string, Backend>>,
  changed: ReadonlyMap<string, BuiltBackend>,
): Record<string, Backend> {
  const next = { ...backends };
  for (const [key, { backend }] of changed) if (key in next) next[key] = backend;
  return next;
}

/** Returns the table itself if it has none of the backends. */
function replaceInTable(
  table: RoutingTable,
  changed: ReadonlyMap<string, BuiltBackend>,
  left: readonly HeldBackend[] = [],
): RoutingTable {
  let backends: Record<string, Backend> | undefined;
  for (const [key, { backend }] of changed) {
    const known = table.backends[key];
    if (known === undefined || !isOther(known, backend)) continue;
    backends ??= { ...table.backends };
    if (left.some((one) => one.key === key)) backends[key] = moveOnly(known, backend);
    else backends[key] = known.tls ? withTls(backend, known.tls) : backend;
  }
  return backends ? { ...table, backends } : table;
}

const isOther = (one: Backend, other: Backend): boolean =>
  one.endpoints !== other.endpoints || one.removedEndpoints !== other.removedEndpoints;
