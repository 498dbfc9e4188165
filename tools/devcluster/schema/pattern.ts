/** Patterns of schemas and rules are Go's (RE2); the flags that stand inside of them there, as in `^(?i)a`, have another place here. */

const compiled = new Map<string, RegExp>();

/** Throws SyntaxError for a pattern that JavaScript does not take. */
export function regExp(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const inlineFlags = /\(\?([ims]+)\)/g;
  const flags = new Set([...pattern.matchAll(inlineFlags)].flatMap(([, letters = '']) => letters.split('')));
  const made = new RegExp(pattern.replaceAll(inlineFlags, ''), [...flags].join(''));
  compiled.set(pattern, made);
  return made;
}
