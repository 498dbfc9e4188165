/** A new path of a request, for redirects and rewrites. */

/** `prefix`: the path prefix by which the route matched. An empty value is the root. */
export type PathModifier =
  | { readonly type: 'ReplaceFullPath'; readonly value: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly value: string; readonly prefix: string };

/** Returns the path for a request that matched the route. */
export type PathEdit = (path: string) => string;

/** By whole path elements, as the match: a `/` at the end of the prefix or the value makes no difference. */
export function compilePathEdit(modifier: PathModifier): PathEdit {
  const value = modifier.value.replaceAll(/[^\x21-\x7e]+/gu, percentEncoded);
  if (modifier.type === 'ReplaceFullPath') return () => value || '/';
  const prefixLength = withoutSlashes(modifier.prefix).length;
  const replacement = withoutSlashes(value);
  return (path) => replacement + path.slice(prefixLength) || '/';
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/** A request line contains no blanks and no characters beyond ASCII. */
const percentEncoded = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
