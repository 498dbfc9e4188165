/** Text of a table file, YAML or JSON, which is YAML too: its value, and the lines and columns of its parts. */
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { Problem } from '../../core/table-file/apply-schema.ts';

export type ParsedText = {
  value: unknown;
  /** Returns `LINE:COLUMN` of a problem: of the part that it names, or the nearest around it. */
  locate(problem: Pick<Problem, 'path' | 'of'>): string;
};

/** Returns `problems` with their places if it is not YAML. */
export function parseText(text: string): ParsedText | { problems: string[] } {
  const lines = new LineCounter();
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  // Without the text around an error: the place says where it is, and the text may be long.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return { problems: document.errors.map(({ pos: [start], message }) => `${placeAt(start)}: ${message}`) };
  }
  try {
    const value: unknown = document.toJS();
    return { value, locate: (problem) => placeAt(offsetOf(document, problem)) };
  } catch (error) {
    // Aliases of aliases, which would fill the memory.
    return { problems: [`1:1: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function offsetOf(document: Document, { path, of }: Pick<Problem, 'path' | 'of'>): number {
  let found = startOf(document.contents) ?? 0;
  let at: unknown = document.contents;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    const pair = isMap(at)
      ? at.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      : undefined;
    const key = pair?.key;
    at = isSeq(at) ? at.items[Number(step)] : pair?.value;
    // A block begins on the line after its name: the name is the better place.
    const isNamed = isScalar(key) && (!isScalar(at) || (isLast && of === 'Name'));
    found = startOf(isNamed ? key : at) ?? found;
  }
  return found;
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);
