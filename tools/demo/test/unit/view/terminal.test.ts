import { describe, expect, test } from '@jest/globals';
import { renderFrame } from '../../../view/frame.ts';
import { createTerminalView } from '../../../view/terminal.ts';
import type { DemoState } from '../../../state.ts';
import { createScreen } from './screen.ts';
import { buildEvent, scaleDown, startedAtMs } from './states.ts';

const options = { plain: false, color: false, startedAtMs };
const frameLines = (state: DemoState, size: { columns: number; rows: number }) =>
  renderFrame(state, { ...size, color: false, startedAtMs }).split('\n');
const withoutPods: DemoState = { ...scaleDown, step: 'over', pods: [], events: [] };

describe('on a terminal', () => {
  test('the frame stands on the screen, without a cursor', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    createTerminalView(screen, options).show(scaleDown);
    expect(screen.lines()).toEqual(frameLines(scaleDown, { columns: 79, rows: 24 }));
    expect(screen.isCursorVisible()).toBe(false);
  });

  test('a smaller frame leaves nothing of the one before', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    const view = createTerminalView(screen, options);
    view.show({ ...scaleDown, title: 'x'.repeat(200) });
    view.show(withoutPods);
    expect(screen.lines()).toEqual(frameLines(withoutPods, { columns: 79, rows: 24 }));
  });

  test('a frame that fills the screen does not scroll it', () => {
    const screen = createScreen({ columns: 40, rows: 12 });
    const view = createTerminalView(screen, options);
    const full = { ...scaleDown, events: Array.from({ length: 9 }, (_, index) => buildEvent(index, 'x'.repeat(200))) };
    view.show(full);
    const { length } = screen.scrolledAway();
    view.show({ ...full, title: 'x'.repeat(200) });
    expect(screen.lines()).toHaveLength(12);
    expect(screen.lines()[0]).toBe(`${'x'.repeat(36)}...`);
    expect(screen.scrolledAway()).toHaveLength(length);
  });

  test('the previous content of the screen stays in the scrollback', () => {
    const screen = createScreen({ columns: 80, rows: 24, before: ['$ npm ci', '$ npm run demo'] });
    createTerminalView(screen, options).show(scaleDown);
    expect(screen.scrolledAway().slice(0, 2)).toEqual(['$ npm ci', '$ npm run demo']);
  });

  test('a new size shows at once', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    createTerminalView(screen, options).show(scaleDown);
    screen.resize(50, 12);
    expect(screen.lines()).toEqual(frameLines(scaleDown, { columns: 49, rows: 12 }));
  });

  test('a pseudo-terminal of size 0 by 0 counts as 80x24', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    createTerminalView({ ...screen, columns: 0, rows: 0 }, options).show(scaleDown);
    expect(screen.lines()).toEqual(frameLines(scaleDown, { columns: 79, rows: 24 }));
  });

  test('at the end the last frame stays, the last lines stand below it, and the cursor is back', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    const view = createTerminalView(screen, options);
    view.show(scaleDown);
    view.close(['sessions: 123 started, 123 ended, 0 lost']);
    expect(screen.lines()).toEqual([
      ...frameLines(scaleDown, { columns: 79, rows: 24 }),
      '',
      'sessions: 123 started, 123 ended, 0 lost',
    ]);
    expect(screen.isCursorVisible()).toBe(true);
  });

  test('after the end nothing more is written: a late state, a new size, a second end', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    const view = createTerminalView(screen, options);
    view.show(scaleDown);
    view.close([]);
    const written = screen.written();
    view.show(withoutPods);
    screen.resize(40, 10);
    view.close(['again']);
    expect(screen.written()).toBe(written);
    expect(screen.listeners()).toBe(0);
  });

  test('an end before the first state is the last lines alone', () => {
    const screen = createScreen({ columns: 80, rows: 24 });
    createTerminalView(screen, options).close(['a demo runs already']);
    expect(screen.written()).toBe('a demo runs already\n');
  });
});

describe('in a pipe, or with --plain', () => {
  const laterBy = (elapsedMs: number, events = scaleDown.events): DemoState => ({
    ...scaleDown,
    elapsedMs: scaleDown.elapsedMs + elapsedMs,
    events,
  });
  const linesOf = (states: DemoState[]) => {
    const screen = createScreen({ columns: 200, rows: 100 });
    const view = createTerminalView(screen, { ...options, plain: true, color: true });
    for (const state of states) view.show(state);
    view.close(['the end']);
    return screen.written().split('\n');
  };
  const statusTimes = (lines: string[]) =>
    lines.filter((line) => line.includes(' pods: ')).map((line) => line.slice(0, 4));

  test('the title, the events, a status and the last lines, without any control sequence', () => {
    const lines = linesOf([scaleDown]);
    expect(lines[0]).toBe(scaleDown.title);
    expect(lines[2]).toBe('0:30 autoscaler SuccessfulRescale: New size: 2; reason: All metrics below target');
    expect(lines[4]).toMatch(/^0:42 pods: 5, wanted: 2/);
    expect(lines.slice(5)).toEqual(['the end', '']);
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('each event is printed once, even when the oldest leave the list and one arrives late', () => {
    const [first, second, third, late] = ['first', 'second', 'third', 'late'].map((text, index) =>
      buildEvent(index * 1000, text),
    );
    if (!first || !second || !third || !late) throw new Error('four events');
    const shown = [
      [first, second],
      [first, second],
      [second, third],
      [second, { ...late, atMs: second.atMs + 1 }, { ...third }],
    ];
    const lines = linesOf(shown.map((events) => laterBy(0, events)));
    expect(lines.filter((line) => line.includes('PodTerminating')).map((line) => line.split(': ')[1])).toEqual([
      'first',
      'second',
      'third',
      'late',
    ]);
  });

  test('a status every two seconds, however often the state comes', () => {
    const states = [0, 500, 1000, 1500, 2000, 2500, 3900, 4000, 9000, 9500].map((ms) => laterBy(ms));
    expect(statusTimes(linesOf(states))).toEqual(['0:42', '0:44', '0:46', '0:51']);
  });

  test('a stream that is no terminal gets plain lines unasked', () => {
    const screen = createScreen({ columns: 200, rows: 100 });
    createTerminalView({ ...screen, isTTY: false }, options).show(scaleDown);
    expect(screen.written()).toMatch(/^Holdfast: .*\n0:00 demo Started: the cluster is up\n/);
    expect(screen.isCursorVisible()).toBe(true);
  });
});
