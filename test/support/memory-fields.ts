/**
 * Server-side apply, good enough for what Holdfast applies: who owns which field, merging by list keys, and removal of what its
 * owner no longer applies. The real one takes the list keys from schemas; here they are known by field name.
 */

export type Json = Record<string, unknown>;

/** Field manager to the paths that it owns. */
export type Managers = Map<string, Set<string>>;

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

const keyedBy: Record<string, (item: Json) => unknown[]> = {
  ...Object.fromEntries(
    ['containers', 'initContainers', 'volumes', 'env', 'imagePullSecrets', 'listeners', 'webhooks'].map((list) => [
      list,
      (item: Json) => [item['name']],
    ]),
  ),
  volumeMounts: (item) => [item['mountPath']],
  ports: (item) => [item['containerPort'] ?? item['port'], item['protocol'] ?? 'TCP'],
  conditions: (item) => [item['type']],
  ownerReferences: (item) => [item['uid']],
};

type Items = { key: string; value: unknown }[];

/** The items of a list that merges item by item, with their keys; undefined for one that is replaced as a whole. */
function keyedItems(field: string, value: unknown): Items | undefined {
  if (!Array.isArray(value)) return undefined;
  if (field === 'finalizers') return value.map((item) => ({ key: `v:${JSON.stringify(item)}`, value: item }));
  const key = keyedBy[field];
  if (key === undefined || !value.every(isMap)) return undefined;
  return value.map((item) => ({ key: `k:${JSON.stringify(key(item))}`, value: item }));
}

/** Paths of all leaves and all items of keyed lists, to their values as JSON (of an item: empty). */
function leavesOf(value: Json): Map<string, string> {
  const leaves = new Map<string, string>();
  const visit = (at: unknown, field: string, path: string[]) => {
    const items = keyedItems(field, at);
    if (items !== undefined && items.length > 0) {
      for (const item of items) {
        leaves.set(JSON.stringify([...path, item.key]), '');
        if (isMap(item.value)) visitMap(item.value, [...path, item.key]);
      }
    } else if (isMap(at) && Object.keys(at).length > 0) visitMap(at, path);
    else leaves.set(JSON.stringify(path), JSON.stringify(at));
  };
  const visitMap = (map: Json, path: string[]) => {
    for (const [field, child] of Object.entries(map)) visit(child, field, [...path, field]);
  };
  visitMap(value, []);
  return leaves;
}

function mergeField(field: string, live: unknown, applied: unknown): unknown {
  if (isMap(live) && isMap(applied)) return mergeMaps(live, applied);
  const liveItems = keyedItems(field, live);
  const appliedItems = keyedItems(field, applied);
  if (liveItems === undefined || appliedItems === undefined) return applied;
  const byKey = new Map(liveItems.map((item) => [item.key, item.value]));
  for (const item of appliedItems) byKey.set(item.key, mergeField('', byKey.get(item.key), item.value));
  return [...byKey.values()];
}

function mergeMaps(live: Json, applied: Json): Json {
  const merged = { ...live };
  for (const [field, value] of Object.entries(applied)) merged[field] = mergeField(field, live[field], value);
  return merged;
}

/** Without what is at the path, and without the maps and lists that this leaves empty. */
function without(value: unknown, field: string, path: string[]): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return undefined;
  const items = keyedItems(field, value);
  if (items !== undefined) {
    const left = items
      .map((item) => (item.key === head ? without(item.value, '', rest) : item.value))
      .filter((item) => item !== undefined);
    return left.length > 0 ? left : undefined;
  }
  if (!isMap(value) || !(head in value)) return value;
  const { [head]: child, ...others } = value;
  const left = without(child, head, rest);
  if (left !== undefined) return { ...value, [head]: left };
  return Object.keys(others).length > 0 ? others : undefined;
}

const isInside = (path: string, ancestor: string): boolean => path.startsWith(`${ancestor.slice(0, -1)},`);

const pathOf = (json: string): string[] => (JSON.parse(json) as unknown[]).map(String);

/** Whether an apply by `manager` would change what another manager owns. */
export function takesFromOthers(
  live: Json,
  applied: Json,
  { managers, manager }: { managers: Managers; manager: string },
): boolean {
  const before = leavesOf(live);
  const changed = [...leavesOf(applied)].filter(([path, value]) => before.get(path) !== value).map(([path]) => path);
  return [...managers].some(([other, owned]) => other !== manager && changed.some((path) => owned.has(path)));
}

/** A forced apply by `manager`: its fields get its values, and those that it applied before and does not now are removed. */
export function applyFields(live: Json, applied: Json, managers: Managers, manager: string): Json {
  const before = leavesOf(live);
  const wanted = leavesOf(applied);
  const previously = managers.get(manager) ?? new Set();
  managers.set(manager, new Set(wanted.keys()));
  // Force: whoever had another value there owns it no longer.
  const overridden = [...wanted].filter(([path, value]) => before.get(path) !== value).map(([path]) => path);
  for (const [other, owned] of managers) if (other !== manager) for (const path of overridden) owned.delete(path);
  const stillOwned = (path: string) =>
    [...managers.values()].some((owned) => owned.has(path) || [...owned].some((one) => isInside(one, path)));
  let result: unknown = mergeMaps(live, applied);
  for (const path of previously) if (!stillOwned(path)) result = without(result, '', pathOf(path));
  return isMap(result) ? result : {};
}

/** Another write by `manager`, of the whole: it owns what it changed. */
export function ownChanges(before: Json, after: Json, managers: Managers, manager: string): void {
  const old = leavesOf(before);
  const now = leavesOf(after);
  const changed = [...now].filter(([path, value]) => old.get(path) !== value).map(([path]) => path);
  for (const owned of managers.values()) {
    for (const path of owned) if (!now.has(path) || changed.includes(path)) owned.delete(path);
  }
  managers.set(manager, new Set([...(managers.get(manager) ?? []), ...changed]));
}
