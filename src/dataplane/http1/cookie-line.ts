/** The value of a Cookie header without the pairs of one name; the same string where there are none. */
export function withoutCookie(value: string, name: string): string {
  let rest = value;
  for (let at = rest.indexOf(name); at >= 0; at = rest.indexOf(name, at)) {
    const start = pairStart(rest, at);
    if (start === undefined || !endsName(rest, at + name.length)) {
      at += name.length;
      continue;
    }
    const semicolon = rest.indexOf(';', at);
    const before = rest.slice(0, start);
    const after = semicolon < 0 ? '' : rest.slice(semicolon + 1);
    // Of the two semicolons around the pair one goes with it.
    rest = before === '' ? after.trimStart() : before + (after === '' ? '' : `;${after}`);
    at = start;
  }
  return rest;
}

/** Where the separator before a pair begins whose name starts at `at`: undefined where that is the middle of another name or value. */
function pairStart(text: string, at: number): number | undefined {
  let before = at;
  while (before > 0 && isBlank(text[before - 1])) before -= 1;
  if (before === 0) return 0;
  return text[before - 1] === ';' ? before - 1 : undefined;
}

function endsName(text: string, at: number): boolean {
  let after = at;
  while (isBlank(text[after])) after += 1;
  return after >= text.length || text[after] === '=' || text[after] === ';';
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';
