/**
 * Sets of fields, as `managedFields` keeps them. A path is its elements joined; the elements are those of `fieldsV1`:
 * `f:name` for a field, `k:{…}` for an element of a list of type map, `v:…` for one of a set.
 */
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import { listMapKey } from '../schema/schema.ts';
import { fieldTopology, isNamedField, itemTopology, type Topology } from './topology.ts';

export type FieldSet = ReadonlySet<string>;

/** Not contained in any field name: JSON escapes it in keys and values. */
const separator = '\n';

export const fieldElement = (name: string): string => `f:${name}`;
export const join = (parent: string, element: string): string =>
  parent === '' ? element : `${parent}${separator}${element}`;

/** Returns the identity of an element of a set or a map. */
export function itemElement(list: Topology, item: unknown): string {
  if (list['x-kubernetes-list-type'] === 'set' || !isJsonObject(item)) return `v:${JSON.stringify(item)}`;
  const key = listMapKey(list, item);
  return `k:${JSON.stringify(Object.fromEntries(Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1))))}`;
}

export const union = (...sets: FieldSet[]): FieldSet => new Set(sets.flatMap((set) => [...set]));
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const left = [...a].filter((path) => !b.has(path));
  return left.length === a.size ? a : new Set(left);
}
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => new Set([...a].filter((path) => b.has(path)));
export const isSame = (a: FieldSet, b: FieldSet): boolean => a.size === b.size && [...a].every((path) => b.has(path));

/** Sorts as Kubernetes does: the fields of a structure before their contents. */
export function inOrder(set: FieldSet): string[] {
  const orderKey = (path: string): string => {
    const elements = path.split(separator);
    return elements.map((element, index) => (index === elements.length - 1 ? '0' : '1') + element).join(separator);
  };
  return [...set].toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
}

/** Adds the structures that contain the fields. Keys of maps and elements of lists are not structures. */
export function withNamedParents(set: FieldSet, topology: Topology): FieldSet {
  const result = new Set(set);
  for (const path of set) {
    let at = topology;
    let parent = '';
    for (const element of path.split(separator)) {
      parent = join(parent, element);
      const name = element.startsWith('f:') ? element.slice(2) : undefined;
      if (name !== undefined && isNamedField(at, name)) result.add(parent);
      at = name === undefined ? itemTopology(at) : fieldTopology(at, name);
    }
  }
  return result;
}

/** The JSON forms of decoded sets: most entries of an object keep theirs when one manager writes. */
const decodedFrom = new WeakMap<FieldSet, JsonObject>();

/** Returns the JSON form, `fieldsV1`. A path that also has paths below it is marked by `.`. */
export const encodeFieldSet = (set: FieldSet): JsonObject => decodedFrom.get(set) ?? encode(set);

function encode(set: FieldSet): JsonObject {
  const root: JsonObject = {};
  // The separator sorts before all characters of names, so the paths below a path follow it.
  const paths = [...set].toSorted();
  for (const [index, path] of paths.entries()) {
    let node = root;
    for (const element of path.split(separator)) {
      const inner = node[element];
      const next: JsonObject = isJsonObject(inner) ? inner : {};
      node[element] = next;
      node = next;
    }
    if (paths[index + 1]?.startsWith(path + separator) === true) node['.'] = {};
  }
  return root;
}

export function decodeFieldSet(fields: JsonObject): FieldSet {
  const set = new Set<string>();
  decodedFrom.set(set, fields);
  const visit = (node: unknown, path: string): void => {
    if (!isJsonObject(node)) return;
    const elements = Object.keys(node);
    if (elements.length === 0 && path !== '') set.add(path);
    for (const element of elements) {
      if (element === '.') set.add(path);
      else visit(node[element], join(path, element));
    }
  };
  visit(fields, '');
  return set;
}

/** `.spec.containers[name="a"].image`: a path in the message of a conflict. */
export function printPath(path: string): string {
  return path
    .split(separator)
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const key: unknown = JSON.parse(rest);
      const parts = Object.entries(isJsonObject(key) ? key : {}).map(
        ([name, value]) => `${name}=${JSON.stringify(value)}`,
      );
      return `[${parts.join(',')}]`;
    })
    .join('');
}
