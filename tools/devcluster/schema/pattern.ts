/** Patterns of schemas and rules are RE2, as in Go. Flags inside of a pattern, as in `^(?i)a`, become flags of the RegExp. */

const compiled = new Map<string, RegExp>();

/** Throws SyntaxError for a pattern that JavaScript does not support. */
export function regExp(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const inlineFlags = /\(\?([ims]+)\)/g;
  const flags = new Set([...pattern.matchAll(inlineFlags)].flatMap(([, letters = '']) => letters.split('')));
  const made = new RegExp(pattern.replaceAll(inlineFlags, ''), [...flags].join(''));
  compiled.set(pattern, made);
  return made;
}
