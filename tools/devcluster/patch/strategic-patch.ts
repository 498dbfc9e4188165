/**
 * Strategic merge patch: a merge patch that knows which lists are keyed, with directives (`$patch`, `$retainKeys`,
 * `$deleteFromPrimitiveList/…`, `$setElementOrder/…`). `kubectl apply` sends it for built-in kinds.
 */
import { copyJson, isJsonObject, isSameJson, type JsonObject } from '../schema/json.ts';
import { StatusError } from '../status-error.ts';
import { fieldTopology, itemTopology, type Topology } from './topology.ts';
import { sortByOrder } from './element-order.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/** A copy of `object` with the patch in it. Throws StatusError for a patch that does not fit. */
export function applyStrategicPatch(object: JsonObject, patch: JsonObject, topology: Topology): JsonObject {
  return mergeObject(copyJson(object), patch, topology);
}

/** Changes `target`, which is a copy already. */
function mergeObject(target: JsonObject, patch: JsonObject, topology: Topology): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive, patch);
  retainKeys(target, patch['$retainKeys']);
  deleteFromLists(target, patch);
  const before = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) delete target[name];
    else target[name] = mergeValue(target[name], value, fieldTopology(topology, name));
  }
  for (const [field, order] of listOrders(patch)) {
    const list = target[field];
    const inner = fieldTopology(topology, field);
    if (Array.isArray(list) && mergesAsList(inner)) {
      target[field] = inOrder(list, order, { before: before[field], topology: inner });
    }
  }
  return target;
}

function mergeValue(target: unknown, patch: unknown, topology: Topology): unknown {
  if (isJsonObject(patch)) return mergeObject(isJsonObject(target) ? target : {}, patch, topology);
  if (!Array.isArray(patch) || !mergesAsList(topology)) return copyJson(patch);
  return mergeList(Array.isArray(target) ? target : [], patch, topology);
}

const mergesAsList = (topology: Topology): boolean =>
  topology['x-kubernetes-patch-strategy']?.startsWith('merge') === true;

function mergeList(target: unknown[], patch: unknown[], topology: Topology): unknown[] {
  const key = topology['x-kubernetes-patch-merge-key'];
  if (key === undefined) return [...target, ...patch.filter((item) => !target.includes(item))];
  const elements = patch.filter(isJsonObject);
  if (elements.some((one) => one['$patch'] === 'replace')) {
    return elements.filter((one) => one['$patch'] === undefined).map(withoutDirectives);
  }

  let result = target.filter(isJsonObject);
  for (const element of elements) {
    const identity = element[key];
    if (identity === undefined) {
      throw new StatusError('InternalError', `map: ${printGoMap(element)} does not contain declared merge key: ${key}`);
    }
    if (element['$patch'] === 'delete') {
      result = result.filter((one) => !isSameJson(one[key], identity));
      continue;
    }
    const place = result.findIndex((one) => isSameJson(one[key], identity));
    const existing = result[place];
    if (existing === undefined) result.push(mergeObject({}, element, itemTopology(topology)));
    else result[place] = mergeObject(existing, element, itemTopology(topology));
  }
  return result;
}

function retainKeys(target: JsonObject, retained: unknown): void {
  if (!Array.isArray(retained)) return;
  for (const name of Object.keys(target)) if (!retained.includes(name)) delete target[name];
}

function deleteFromLists(target: JsonObject, patch: JsonObject): void {
  for (const [name, removed] of Object.entries(patch)) {
    if (!name.startsWith(deletePrefix) || !Array.isArray(removed)) continue;
    const field = name.slice(deletePrefix.length);
    const list = target[field];
    if (Array.isArray(list)) target[field] = list.filter((item) => !removed.includes(item));
  }
}

/** The order of each list that the patch changes: the one that it asks for, else that of its own elements. */
function listOrders(patch: JsonObject): Map<string, unknown[]> {
  const orders = new Map<string, unknown[]>();
  for (const [name, value] of Object.entries(patch)) {
    if (!Array.isArray(value)) continue;
    if (name.startsWith(orderPrefix)) orders.set(name.slice(orderPrefix.length), value);
    else if (!name.startsWith('$') && !Object.hasOwn(patch, orderPrefix + name)) orders.set(name, value);
  }
  return orders;
}

function inOrder(
  list: unknown[],
  order: unknown[],
  { before, topology }: { before: unknown; topology: Topology },
): unknown[] {
  const key = topology['x-kubernetes-patch-merge-key'];
  const identify = (item: unknown): unknown => (key !== undefined && isJsonObject(item) ? item[key] : item);
  const serverOrder = Array.isArray(before) ? before.map(identify) : [];
  return sortByOrder(list, { wanted: order.map(identify), serverOrder }, identify);
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(copyJson(patch)).filter(([name]) => !name.startsWith('$')));
}

function unknownDirective(directive: unknown, patch: JsonObject): StatusError {
  return new StatusError('InternalError', `unknown patch type: ${String(directive)} in map: ${printGoMap(patch)}`);
}

/** As Go prints a map. */
function printGoMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printGoMap).join(' ')}]`;
  if (!isJsonObject(value)) return String(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([name, inner]) => `${name}:${printGoMap(inner)}`).join(' ')}]`;
}
