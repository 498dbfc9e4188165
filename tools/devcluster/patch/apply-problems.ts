/** Objects that cannot be applied, whatever their managers are. */
import { isJsonObject } from '../schema/json.ts';
import type { Schema } from '../schema/schema.ts';
import { itemElement, join, printPath } from './field-set.ts';
import { isAssociative, type Topology } from './topology.ts';
import { childrenOf } from './typed-value.ts';

/** Returns the first problem, in the words of structured-merge-diff. */
export function findApplyProblem(value: unknown, topology: Topology, path = ''): string | undefined {
  const own = listProblem(value, topology, path) ?? undeclaredField(value, topology, path);
  if (own !== undefined) return own;
  for (const child of childrenOf(value, topology)) {
    const inner = findApplyProblem(child.value, child.topology, join(path, child.element));
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function listProblem(value: unknown, topology: Topology, path: string): string | undefined {
  if (!isAssociative(topology, value)) return undefined;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const missing = missingKey(topology, item);
    if (missing !== undefined) {
      const detail = `associative list with keys has an element that omits key field "${missing}" (and doesn't have default value)`;
      return `${printPath(path)}: element ${index}: ${detail}`;
    }
    const element = itemElement(topology, item);
    if (seen.has(element)) return `${printPath(path)}: duplicate entries for key ${printPath(element)}`;
    seen.add(element);
  }
  return undefined;
}

function missingKey(list: Topology, item: unknown): string | undefined {
  if (list['x-kubernetes-list-type'] !== 'map' || !isJsonObject(item)) return undefined;
  return list['x-kubernetes-list-map-keys']?.find(
    (key) => item[key] === undefined && list.items?.properties?.[key]?.default === undefined,
  );
}

/** Only a schema that declares all its fields can exclude others. */
function undeclaredField(value: unknown, topology: Schema, path: string): string | undefined {
  const isWhole =
    topology.type === 'object' &&
    topology.properties !== undefined &&
    topology['x-kubernetes-preserve-unknown-fields'] !== true;
  if (!isWhole || !isJsonObject(value)) return undefined;
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(topology.properties ?? {}, name));
  return unknown === undefined ? undefined : `${printPath(join(path, `f:${unknown}`))}: field not declared in schema`;
}
