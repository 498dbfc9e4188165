/**
 * The SGR parameters of each style. A bar is `#` in the colour of its background: a solid block where there are colours,
 * readable when it is copied out, and no character that some terminals draw two columns wide.
 */
const styles = {
  title: '1',
  faint: '2',
  good: '32',
  bad: '1;31',
  highlight: '7;33',
  accent: '36',
  goodBar: '32;42',
  highlightBar: '33;43',
} as const;
export type Style = keyof typeof styles;

export type Span = { text: string; style?: Style };
export type Line = readonly Span[];

const ellipsis = '...';

/** Returns the line in at most `columns` columns; without `color` it contains no control sequence. */
export function renderLine(line: Line, { columns, color }: { columns: number; color: boolean }): string {
  return fitLine(line, Math.max(0, columns))
    .map((span) => renderSpan(span, color))
    .join('');
}

/** Returns the text in at most `width` columns; truncated text ends with `...`. */
export function cutText(text: string, width: number): string {
  return text.length <= width
    ? text
    : text.slice(0, Math.max(0, width - ellipsis.length)) + ellipsis.slice(0, Math.max(0, width));
}

/** As `cutText`, but keeps the end: pods of one Deployment differ only there. */
export function cutTextInFront(text: string, width: number): string {
  return text.length <= width
    ? text
    : ellipsis.slice(0, width) + text.slice(text.length - Math.max(0, width - ellipsis.length));
}

/**
 * Returns the text with every character one column wide: external text must not move the cursor or break the line.
 * The length stays, so that widths can be computed before: a control character becomes a space, and each UTF-16 unit
 * that is neither Latin nor a usual punctuation mark a `?`.
 */
export function sanitizeText(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').replace(/[^ -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2026]/g, '?');
}

function fitLine(line: Line, columns: number): Line {
  const width = line.reduce((sum, { text }) => sum + text.length, 0);
  if (width <= columns) return line;
  const kept: Span[] = [];
  let room = Math.max(0, columns - ellipsis.length);
  for (const span of line) {
    kept.push({ ...span, text: span.text.slice(0, room) });
    room = Math.max(0, room - span.text.length);
  }
  return [...kept, { text: ellipsis.slice(0, columns) }];
}

function renderSpan({ text, style }: Span, color: boolean): string {
  const clean = sanitizeText(text);
  return color && style && clean !== '' ? `\u001b[${styles[style]}m${clean}\u001b[0m` : clean;
}
