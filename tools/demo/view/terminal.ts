import type { DemoEvent, DemoState } from '../state.ts';
import { renderFrame } from './frame.ts';
import { sanitizeText } from './line.ts';
import { renderEvent, renderStatus } from './plain.ts';

/** The part of `process.stdout` that the view needs. */
export type TerminalStream = {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
};

/** `plain`: lines even on a terminal. `color`: false if the user set NO_COLOR. `startedAtMs`: the zero of the times of events. */
export type ViewOptions = { plain: boolean; color: boolean; startedAtMs: number };

/** `close` keeps the last frame, with `lastLines` below it; only the first call has an effect, and `show` has none after it. */
export type TerminalView = { show(state: DemoState): void; close(lastLines: readonly string[]): void };

const statusEveryMs = 2000;

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const home = '\u001b[H';
const clearToLineEnd = '\u001b[K';
const clearBelow = '\u001b[J';

/** Returns the view for this stream: a picture on a terminal, plain lines in a pipe or a file. */
export function createTerminalView(stream: TerminalStream, options: ViewOptions): TerminalView {
  const view = stream.isTTY && !options.plain ? createPicture(stream, options) : createPlainLines(stream, options);
  let isClosed = false;
  return {
    show(state) {
      if (!isClosed) view.show(state);
    },
    close(lastLines) {
      if (isClosed) return;
      isClosed = true;
      view.close(lastLines);
    },
  };
}

function createPicture(stream: TerminalStream, { color, startedAtMs }: ViewOptions): TerminalView {
  let latest: DemoState | undefined;
  const redraw = () => {
    if (latest) stream.write(home + renderPicture(latest));
  };
  // The last column stays empty: a terminal that has filled it keeps its cursor on it, and clearing to the line's end
  // would take the character away. Some pseudo-terminals report a size of 0 by 0.
  const renderPicture = (state: DemoState) => {
    const frame = renderFrame(state, {
      columns: (stream.columns || 80) - 1,
      rows: stream.rows || 24,
      color,
      startedAtMs,
    });
    return frame.replaceAll('\n', `${clearToLineEnd}\n`) + clearToLineEnd + clearBelow;
  };
  return {
    show(state) {
      if (!latest) {
        // Moves the content of the screen to the scrollback.
        stream.write(hideCursor + '\n'.repeat(stream.rows || 24));
        stream.on('resize', redraw);
      }
      latest = state;
      redraw();
    },
    close(lastLines) {
      stream.off('resize', redraw);
      const text = lastLines.map((line) => `${line}\n`).join('');
      stream.write(latest ? `${showCursor}\n\n${text}` : text);
    },
  };
}

function createPlainLines(stream: TerminalStream, { startedAtMs }: ViewOptions): TerminalView {
  // Only the events of the last state: an event that has left the list does not return, and a demo may run for days.
  let printed: ReadonlySet<string> = new Set();
  let statusAtMs: number | undefined;
  const print = (line: string) => stream.write(`${line}\n`);
  return {
    show(state) {
      if (statusAtMs === undefined) print(sanitizeText(state.title));
      const isNew = (event: DemoEvent) => !printed.has(eventKey(event));
      for (const event of state.events.filter(isNew)) print(renderEvent(event, startedAtMs));
      printed = new Set(state.events.map(eventKey));
      if (statusAtMs === undefined || state.elapsedMs - statusAtMs >= statusEveryMs) {
        print(renderStatus(state));
        statusAtMs = state.elapsedMs;
      }
    },
    close(lastLines) {
      lastLines.forEach(print);
    },
  };
}

function eventKey({ atMs, source, reason, text }: DemoEvent): string {
  return JSON.stringify([atMs, source, reason, text]);
}
