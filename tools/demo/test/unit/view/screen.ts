import type { TerminalStream } from '../../../view/terminal.ts';

/** A terminal: its lines, its scrollback, and whether the cursor is visible. */
export type Screen = TerminalStream & {
  lines(): string[];
  scrolledAway(): string[];
  isCursorVisible(): boolean;
  written(): string;
  resize(columns: number, rows: number): void;
  listeners(): number;
};

/**
 * A terminal of this size that knows the few control sequences of the view and throws at any other. Like a real one it keeps the
 * cursor on a full last column until the next character, and scrolls when a line ends on the last row.
 */
export function createScreen({
  columns,
  rows,
  before = [],
}: {
  columns: number;
  rows: number;
  before?: string[];
}): Screen {
  const resizeListeners = new Set<() => void>();
  const grid = [...before];
  const scrolled: string[] = [];
  const written: string[] = [];
  const at = { row: before.length, column: 0 };
  let isCursorVisible = true;

  const lineAt = (row: number) => grid[row] ?? '';
  const controls: Record<string, () => void> = {
    '\u001b[?25l': () => (isCursorVisible = false),
    '\u001b[?25h': () => (isCursorVisible = true),
    '\u001b[H': () => Object.assign(at, { row: 0, column: 0 }),
    '\u001b[K': () => (grid[at.row] = lineAt(at.row).slice(0, Math.min(at.column, screen.columns - 1))),
    '\u001b[J': () => grid.splice(at.row + 1),
    '\n': () => {
      Object.assign(at, { row: at.row + 1, column: 0 });
      if (at.row === screen.rows) {
        scrolled.push(lineAt(0));
        grid.shift();
        at.row -= 1;
      }
    },
  };
  const put = (character: string) => {
    if (at.column === screen.columns) controls['\n']?.();
    grid[at.row] =
      lineAt(at.row).padEnd(at.column).slice(0, at.column) + character + lineAt(at.row).slice(at.column + 1);
    at.column += 1;
  };
  const screen = {
    isTTY: true,
    columns,
    rows,
    write(text: string) {
      written.push(text);
      for (const [token] of text.matchAll(/\p{Cc}\[[?0-9;]*[A-Za-z]|[^]/gu)) {
        const control = controls[token];
        if (control) control();
        else if (/^[ -~]$/.test(token)) put(token);
        else throw new Error(`the screen does not know ${JSON.stringify(token)}`);
      }
    },
    on: (_: 'resize', listener: () => void) => resizeListeners.add(listener),
    off: (_: 'resize', listener: () => void) => resizeListeners.delete(listener),
    lines: () => Array.from(grid, (_, row) => lineAt(row).trimEnd()),
    scrolledAway: () => scrolled,
    isCursorVisible: () => isCursorVisible,
    written: () => written.join(''),
    resize(newColumns: number, newRows: number) {
      Object.assign(screen, { columns: newColumns, rows: newRows });
      for (const listener of resizeListeners) listener();
    },
    listeners: () => resizeListeners.size,
  };
  return screen;
}
