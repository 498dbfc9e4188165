/** Objects with a topology: their fields, their differences, and their merge. */
import { copyJson, isJsonObject, isSameJson, mapValues } from '../schema/json.ts';
import { fieldElement, type FieldSet, itemElement, join } from './field-set.ts';
import { fieldTopology, isAssociative, isGranular, isNamedField, itemTopology, type Topology } from './topology.ts';

export type Child = { element: string; value: unknown; topology: Topology; isNamed: boolean };

/** Returns the parts of a value that merge separately; none for an atomic value. */
export function childrenOf(value: unknown, topology: Topology): Child[] {
  if (isGranular(topology, value)) {
    return Object.entries(value).map(([name, inner]) => ({
      element: fieldElement(name),
      value: inner,
      topology: fieldTopology(topology, name),
      isNamed: isNamedField(topology, name),
    }));
  }
  if (!isAssociative(topology, value)) return [];
  return value.map((item) => ({
    element: itemElement(topology, item),
    value: item,
    topology: itemTopology(topology),
    isNamed: false,
  }));
}

/** Returns the fields that an object sets: its leaves, and the list elements and map keys that contain them. */
export function fieldsOf(value: unknown, topology: Topology): FieldSet {
  const set = new Set<string>();
  addFields(set, value, { topology, path: '' });
  return set;
}

/** Adds the fields, and returns whether there are any. */
function addFields(set: Set<string>, value: unknown, { topology, path }: Place): boolean {
  let hasFields = false;
  for (const child of childrenOf(value, topology)) {
    const at = join(path, child.element);
    const hasInner = addFields(set, child.value, { topology: child.topology, path: at });
    // An empty set or map list owns nothing, as in Kubernetes.
    const isEmptyList = isAssociative(child.topology, child.value) && child.value.length === 0;
    const isField = !child.isNamed || (!hasInner && !isEmptyList);
    if (isField) set.add(at);
    hasFields ||= isField || hasInner;
  }
  return hasFields;
}

export type Comparison = { added: FieldSet; modified: FieldSet; removed: FieldSet };

/** Returns the added, modified and removed fields. The order of elements of sets and maps does not matter. */
export function compare(before: unknown, after: unknown, topology: Topology): Comparison {
  const result = { added: new Set<string>(), modified: new Set<string>(), removed: new Set<string>() };
  compareAt(before, after, { topology, path: '' }, result);
  return result;
}

type Place = { topology: Topology; path: string };
type Differences = { added: Set<string>; modified: Set<string>; removed: Set<string> };

function compareAt(before: unknown, after: unknown, { path, topology }: Place, result: Differences): void {
  if (isSameJson(before, after)) return;
  const old = childrenOf(before, topology);
  const now = childrenOf(after, topology);
  if (before === undefined) result.added.add(path);
  else if (after === undefined) result.removed.add(path);
  else if (!isContainerChange(before, after, topology)) result.modified.add(path);
  const elements = new Map([...old, ...now].map((child) => [child.element, child.topology]));
  for (const [element, inner] of elements) {
    const valueIn = (children: Child[]): unknown => children.find((child) => child.element === element)?.value;
    compareAt(valueIn(old), valueIn(now), { topology: inner, path: join(path, element) }, result);
  }
}

/** Whether both have parts that are compared separately. A null instead of a filled container counts as an empty one. */
function isContainerChange(before: unknown, after: unknown, topology: Topology): boolean {
  const isContainer = (value: unknown): boolean => isGranular(topology, value) || isAssociative(topology, value);
  const isFilled = (value: unknown): boolean => childrenOf(value, topology).length > 0;
  if (before === null) return isFilled(after);
  return after === null ? isFilled(before) : isContainer(before) && isContainer(after);
}

/** Returns a copy without these fields. A map or list that becomes empty is null, as in Kubernetes: see `dropEmptied`. */
export function withoutFields(value: unknown, topology: Topology, removed: FieldSet, path = ''): unknown {
  if (isGranular(topology, value)) {
    const left = mapValues(value, (inner, name) => {
      const at = join(path, fieldElement(name));
      return removed.has(at) ? undefined : withoutFields(inner, fieldTopology(topology, name), removed, at);
    });
    return Object.keys(left).length === 0 && Object.keys(value).length > 0 ? null : left;
  }
  if (!isAssociative(topology, value)) return value;
  const left = value.flatMap((item) => {
    const at = join(path, itemElement(topology, item));
    return removed.has(at) ? [] : [withoutFields(item, itemTopology(topology), removed, at)];
  });
  return left.length === 0 && value.length > 0 ? null : left;
}

/** Removes the nulls that `withoutFields` left in place of a map or list of `before`. */
export function dropEmptied(value: unknown, before: unknown): unknown {
  if (!isJsonObject(value) || !isJsonObject(before)) return value;
  return mapValues(value, (inner, name) => {
    const wasContainer = typeof before[name] === 'object' && before[name] !== null;
    return inner === null && wasContainer ? undefined : dropEmptied(inner, before[name]);
  });
}

/** Returns `live` with the values of `applied`. */
export function merge(live: unknown, applied: unknown, topology: Topology): unknown {
  if (isGranular(topology, applied)) {
    const before = isJsonObject(live) ? live : {};
    const merged = { ...before };
    for (const [name, value] of Object.entries(applied)) {
      merged[name] = merge(before[name], value, fieldTopology(topology, name));
    }
    return merged;
  }
  if (isAssociative(topology, applied) && isAssociative(topology, live)) return mergeItems(live, applied, topology);
  return copyJson(applied);
}

/** The order of the applied list decides; an element of only the live list stays after its predecessor. */
function mergeItems(live: unknown[], applied: unknown[], topology: Topology): unknown[] {
  const identify = (item: unknown): string => itemElement(topology, item);
  const appliedElements = applied.map(identify);
  const isLiveOnly = (item: unknown): boolean => !appliedElements.includes(identify(item));
  const waiting = [...live];
  const merged = applied.flatMap((item) => {
    const element = identify(item);
    const place = waiting.findIndex((one) => identify(one) === element);
    const firstShared = waiting.findIndex((one) => !isLiveOnly(one));
    const upTo = place < 0 ? firstShared : place + 1;
    const passed = waiting.splice(0, upTo < 0 ? waiting.length : upTo);
    const existing = live.find((one) => identify(one) === element);
    return [...passed.filter(isLiveOnly), merge(existing, item, itemTopology(topology))];
  });
  return [...merged, ...waiting.filter(isLiveOnly)];
}
