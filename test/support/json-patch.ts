/** Applies `add` and `replace` of RFC 6902 to a copy of a document, as strictly as the API server: a missing parent is an error. */
export function applyPatch<T>(document: T, patch: { op: 'add' | 'replace'; path: string; value: unknown }[]): T {
  const root: unknown = structuredClone(document);
  for (const { op, path, value } of patch) {
    const place = findPlace(root, path);
    if (op === 'add') addAt(place, structuredClone(value));
    else replaceAt(place, structuredClone(value));
  }
  return root as T;
}

type Place = { path: string; parent: unknown; key: string };

function findPlace(root: unknown, path: string): Place {
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop();
  if (key === undefined) throw new Error('a patch of the whole document is not supported');
  let parent: unknown = root;
  for (const step of keys) parent = (parent as Record<string, unknown> | undefined)?.[step];
  return { path, parent, key };
}

function addAt({ path, parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) {
      throw new Error(`${path}: no such place in the list`);
    }
    parent.splice(index, 0, value);
  } else if (typeof parent === 'object' && parent !== null) {
    (parent as Record<string, unknown>)[key] = value;
  } else {
    throw new Error(`${path}: its parent does not exist`);
  }
}

function replaceAt({ path, parent, key }: Place, value: unknown): void {
  if (typeof parent !== 'object' || parent === null || !(key in parent)) {
    throw new Error(`${path}: there is nothing to replace`);
  }
  (parent as Record<string, unknown>)[key] = value;
}
