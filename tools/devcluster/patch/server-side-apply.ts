/**
 * Server-side apply (KEP-555), after structured-merge-diff's `Updater.Apply`: merge the applied object into the live one, remove the fields that
 * its manager applied before and no manager applies now, and find conflicts with other managers.
 */
import type { KubeObject } from '../../../src/kube/ports.ts';
import { isJsonObject } from '../schema/json.ts';
import type { StatusCause } from '../status-error.ts';
import { findApplyProblem } from './apply-problems.ts';
import {
  difference,
  type FieldSet,
  inOrder,
  intersection,
  isSame,
  printPath,
  union,
  withNamedParents,
} from './field-set.ts';
import {
  isSameManager,
  type Managed,
  type ManagedFieldsEntry,
  type Manager,
  ownable,
  readManagedFields,
  writeManagedFields,
} from './managed-fields.ts';
import type { Topology } from './topology.ts';
import { type Comparison, compare, dropEmptied, fieldsOf, merge, withoutFields } from './typed-value.ts';

export type Apply = {
  /** Undefined if the object does not exist. */
  live: KubeObject | undefined;
  /** Only fields that the request may set: without the status, or with nothing but the status. */
  applied: KubeObject;
  manager: string;
  /** Takes fields from other managers instead of reporting a conflict. */
  force: boolean;
  subresource?: string | undefined;
  topology: Topology;
  /** To the second. */
  nowIso: string;
};

export type ApplyResult =
  /** The object has no managed fields and no new defaults yet. */
  | { outcome: 'applied'; object: KubeObject; managedFields: ManagedFieldsEntry[] }
  | { outcome: 'conflict'; message: string; causes: StatusCause[] }
  | { outcome: 'invalid'; message: string };

export function serverSideApply(request: Apply): ApplyResult {
  const { applied, force, live, nowIso, subresource, topology } = request;
  const problem = findApplyProblem(applied, topology);
  if (problem !== undefined) {
    return { outcome: 'invalid', message: `failed to create typed patch object (${describe(applied)}): ${problem}` };
  }

  const writer: Manager = { name: request.manager, operation: 'Apply', apiVersion: applied.apiVersion, subresource };
  const known = readManagedFields(live);
  const own = known.find((one) => isSameManager(one.manager, writer));
  const others = known.filter((one) => one !== own);
  const fields = ownable(fieldsOf(applied, topology));
  const managed = union(fields, ...others.map((one) => one.fields));
  const merged = merge(live, applied, topology);
  const object = prune(merged, own?.fields, managed, topology);

  const comparison = compare(live ?? {}, object, topology);
  const conflicts = findConflicts(others, comparison);
  if (!force && conflicts.length > 0) return describeConflicts(conflicts);

  const left = others.map((one) => ({
    ...one,
    fields: difference(one.fields, union(comparison.added, comparison.modified, comparison.removed)),
  }));
  const written = own !== undefined && isSame(own.fields, fields) ? own : { manager: writer, fields, time: nowIso };
  const entries = [...left, written].filter((one) => one.fields.size > 0);
  return {
    outcome: 'applied',
    object: asKubeObject(dropEmptied(object, merged), applied),
    managedFields: writeManagedFields(entries),
  };
}

/** Removes the fields that this manager applied last time, and no manager applies now. */
function prune(merged: unknown, last: FieldSet | undefined, managed: FieldSet, topology: Topology): unknown {
  // The usual case: what was applied last time is still wanted. Nothing below would remove anything then, at much more cost.
  if (last === undefined || difference(last, managed).size === 0) return merged;
  // The metadata itself is never removed: it identifies the object.
  const named = (set: FieldSet): FieldSet => ownable(withNamedParents(set, topology));
  const all = named(fieldsOf(merged, topology));
  const missingIn = (value: unknown): FieldSet => difference(all, named(fieldsOf(value, topology)));

  // First remove all fields of last time with their contents; then restore managed fields, and then fields that were not this manager's.
  const withoutLast = withoutFields(merged, topology, named(last));
  const withOwned = withoutFields(merged, topology, difference(missingIn(withoutLast), named(managed)));
  return withoutFields(merged, topology, intersection(missingIn(withOwned), named(last)));
}

type Conflict = { manager: Manager; path: string };

function findConflicts(others: readonly Managed[], { added, modified }: Comparison): Conflict[] {
  const changed = union(added, modified);
  return others.flatMap(({ fields, manager }) =>
    inOrder(intersection(fields, changed)).map((path) => ({ manager, path: printPath(path) })),
  );
}

function describeConflicts(conflicts: Conflict[]): ApplyResult {
  const byManager = Map.groupBy(conflicts, ({ manager }) => printManager(manager));
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${printManager(manager)}`,
    field: path,
  }));
  const lines = [...byManager]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, list]) => [`conflicts with ${name}:`, ...list.map(({ path }) => `- ${path}`)]);
  const [only] = causes;
  const detail =
    causes.length === 1 && only !== undefined
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${conflicts.length} conflicts: ${lines.join('\n')}`;
  return { outcome: 'conflict', message: `Apply failed with ${detail}`, causes };
}

function printManager({ apiVersion, name, operation, subresource }: Manager): string {
  const through = subresource === undefined ? '' : ` with subresource "${subresource}"`;
  return `"${name}"${through}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

/** `(default/w; apps/v1, Kind=Deployment)`. */
const describe = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${metadata.namespace ?? ''}/${metadata.name}; ${apiVersion}, Kind=${kind}`;

/** Restores the identity of the object, which no manager owns and no apply removes.  */
function asKubeObject(merged: unknown, { apiVersion, kind, metadata }: KubeObject): KubeObject {
  const object = isJsonObject(merged) ? merged : {};
  const mergedMetadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  return { ...object, apiVersion, kind, metadata: { ...mergedMetadata, name: metadata.name } };
}
