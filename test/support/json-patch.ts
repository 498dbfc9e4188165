/** Applies the `add` operations of RFC 6902 to a copy of a document, as strictly as the API server: a missing parent is an error. */
export function applyAdditions<T>(document: T, patch: { op: 'add'; path: string; value: unknown }[]): T {
  const root: unknown = structuredClone(document);
  for (const { path, value } of patch) addAt(root, path, structuredClone(value));
  return root as T;
}

function addAt(root: unknown, path: string, value: unknown): void {
  const keys = path.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop();
  if (last === undefined) throw new Error('a patch of the whole document is not supported');
  let parent: unknown = root;
  for (const key of keys) parent = (parent as Record<string, unknown> | undefined)?.[key];
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw new Error(`${path}: no such place in the list`);
    parent.splice(index, 0, value);
  } else if (typeof parent === 'object' && parent !== null) {
    (parent as Record<string, unknown>)[last] = value;
  } else {
    throw new Error(`${path}: its parent does not exist`);
  }
}
