/** The targets of API paths. */
import type { Kind } from '../kinds/kind.ts';
import type { Registry } from '../kinds/registry.ts';

export type ResourceTarget = {
  kind: Kind;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
};

/** Returns the target of a path of objects; undefined if nothing is served there. */
export function findTarget(registry: Registry, path: string): ResourceTarget | undefined {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent);
  const [root, ...rest] = segments;
  const [group, version, ...below] = root === 'api' ? ['', ...rest] : rest;
  if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined) return undefined;
  const { namespace, names } = splitNamespace(group, below);
  const [plural, name, subresource, ...more] = names;
  if (plural === undefined || more.length > 0) return undefined;
  const kind = registry.find({ group, version, plural });
  if (kind === undefined || !isServed(kind, { namespace, name, subresource })) return undefined;
  return { kind, namespace, name, subresource };
}

/** `namespaces/a/pods` are objects of a namespace; `namespaces/a` and `namespaces/a/status` are the namespace itself. */
function splitNamespace(
  group: string,
  below: readonly string[],
): { namespace: string | undefined; names: readonly string[] } {
  const isNamespaceItself =
    group === '' && (below.length < 3 || (below.length === 3 && ['status', 'finalize'].includes(below[2] ?? '')));
  if (below[0] !== 'namespaces' || isNamespaceItself) return { namespace: undefined, names: below };
  return { namespace: below[1], names: below.slice(2) };
}

function isServed({ entry }: Kind, { namespace, name, subresource }: Omit<ResourceTarget, 'kind'>): boolean {
  if (!entry.namespaced && namespace !== undefined) return false;
  if (entry.namespaced && name !== undefined && namespace === undefined) return false;
  return subresource === undefined || entry.subresources.some((one) => one.name === subresource);
}
