/** Fields that appear twice in the same object of a JSON text: a parser keeps only the last of them. */

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

type Level = { kind: 'object'; seen: Set<string>; field: string } | { kind: 'array'; index: number };

/** Their paths, `spec.containers[0].image`. The text is valid JSON. */
export function findDuplicateFields(text: string): string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  let isName = false;
  for (const [part] of text.matchAll(token)) {
    const level = levels.at(-1);
    if (isName && level?.kind === 'object' && part.startsWith('"')) {
      level.field = part.slice(1, -1);
      if (level.seen.has(level.field)) found.push(pathOf(levels));
      level.seen.add(level.field);
    }
    isName = part === '{' || (part === ',' && level?.kind === 'object');
    step(levels, part);
  }
  return found;
}

function step(levels: Level[], part: string): void {
  const level = levels.at(-1);
  if (part === '{') levels.push({ kind: 'object', seen: new Set(), field: '' });
  else if (part === '[') levels.push({ kind: 'array', index: 0 });
  else if (part === '}' || part === ']') levels.pop();
  else if (part === ',' && level?.kind === 'array') level.index += 1;
}

const pathOf = (levels: readonly Level[]): string =>
  levels.reduce(
    (path, level) =>
      level.kind === 'array' ? `${path}[${level.index}]` : `${path}${path === '' ? '' : '.'}${level.field}`,
    '',
  );
