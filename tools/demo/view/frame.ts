import type { DemoEvent, DemoPod, DemoState } from '../state.ts';
import { cutText, cutTextInFront, renderLine } from './line.ts';
import type { Line, Span, Style } from './line.ts';
import { buildPodsLine, buildSessionsLine, formatElapsed } from './summary.ts';

/** `startedAtMs`: the zero of the times of events. */
export type FrameOptions = { columns: number; rows: number; color: boolean; startedAtMs: number };

const widest = { name: 40, progress: 30, source: 18, reason: 20 };
/** Rows that are reserved for events: an empty line and three events. */
const eventRows = 4;

/** One frame: lines without a line end after the last, at most `columns` wide and `rows` high. */
export function renderFrame(state: DemoState, { columns, rows, color, startedAtMs }: FrameOptions): string {
  const head = buildHead(state, columns);
  const room = rows - head.length;
  const pods = buildPodRows(state.pods, { columns, room: room - Math.min(eventRows, state.events.length + 1) });
  const events = buildEventRows(state.events, { room: room - pods.length, startedAtMs });
  const lines = [...head, ...pods, ...events].slice(0, Math.max(0, rows));
  return lines.map((line) => renderLine(line, { columns, color })).join('\n');
}

function buildHead(state: DemoState, columns: number): Line[] {
  const { title, step, elapsedMs, durationMs, sessions } = state;
  const done: Span = { text: formatElapsed(elapsedMs) };
  const progress =
    durationMs > 0
      ? [done, ...buildProgress(elapsedMs / durationMs, columns), { text: formatElapsed(durationMs) }]
      : [done];
  return [
    [{ text: title, style: 'title' }],
    [...progress, { text: `  ${step}` }],
    buildSessionsLine(sessions),
    buildPodsLine(state),
  ];
}

function buildProgress(share: number, columns: number): Span[] {
  const width = Math.max(0, Math.min(widest.progress, Math.floor(columns / 3)));
  const filled = Math.round(width * Math.min(1, Math.max(0, share)));
  return [
    { text: ' [' },
    { text: '#'.repeat(filled), style: 'goodBar' },
    { text: '-'.repeat(width - filled), style: 'faint' },
    { text: '] ' },
  ];
}

function buildPodRows(pods: readonly DemoPod[], { columns, room }: { columns: number; room: number }): Line[] {
  if (room < 3) return [];
  const shown = pods.length <= room - 2 ? pods : pods.slice(0, room - 3);
  const name = columnWidth(['POD', ...shown.map((pod) => pod.name)], widest.name);
  const state = columnWidth(['STATE', ...shown.map(describeState)], Infinity);
  const sessions = 'SESSIONS'.length;
  const widths = { name, state, sessions, bar: Math.max(0, columns - name - state - sessions - 6) };
  const most = Math.max(0, ...shown.map((pod) => pod.sessions ?? 0));
  return [
    [],
    [{ text: `${'POD'.padEnd(name)}  ${'STATE'.padEnd(state)}  SESSIONS`, style: 'faint' }],
    ...shown.map((pod) => buildPodRow(pod, widths, most)),
    ...(shown.length < pods.length ? [[{ text: `... and ${pods.length - shown.length} more` }]] : []),
  ];
}

function buildPodRow(
  pod: DemoPod,
  widths: { name: number; state: number; sessions: number; bar: number },
  most: number,
): Line {
  const state = describeState(pod);
  const unconfirmed = pod.unconfirmed === undefined ? '' : `  +${pod.unconfirmed} unconfirmed`;
  const width = Math.max(0, widths.bar - unconfirmed.length);
  const bar = '#'.repeat(barLength(pod.sessions ?? 0, { width, most }));
  return [
    { text: `${cutTextInFront(pod.name, widths.name).padEnd(widths.name)}  ` },
    { text: state, style: stateStyle(pod) },
    { text: `${' '.repeat(widths.state - state.length)}  ${String(pod.sessions ?? '?').padStart(widths.sessions)}` },
    ...(unconfirmed === '' ? [] : [{ text: unconfirmed, style: 'faint' } as const]),
    ...(bar === ''
      ? []
      : [{ text: '  ' }, { text: bar, style: pod.state === 'Draining' ? 'highlightBar' : 'goodBar' } as const]),
  ];
}

/** One `#` per session if the longest bar fits, and at least one for any session: the last session holds the pod. */
function barLength(sessions: number, { width, most }: { width: number; most: number }): number {
  if (sessions <= 0) return 0;
  return Math.min(width, Math.max(1, Math.round(most <= width ? sessions : (sessions * width) / most)));
}

function describeState({ state, heldMs }: DemoPod): string {
  if (state !== 'Draining') return state;
  return heldMs === undefined ? 'DRAINING' : `DRAINING, held ${formatElapsed(heldMs)}`;
}

function stateStyle({ state }: DemoPod): Style {
  const byState = { Starting: 'accent', Accepting: 'good', Draining: 'highlight', Ending: 'faint' } as const;
  return byState[state];
}

/** The newest last. */
function buildEventRows(
  events: readonly DemoEvent[],
  { room, startedAtMs }: { room: number; startedAtMs: number },
): Line[] {
  if (room < 2 || events.length === 0) return [];
  const shown = events.slice(1 - room);
  const source = columnWidth(
    shown.map((one) => one.source),
    widest.source,
  );
  const reason = columnWidth(
    shown.map((one) => one.reason),
    widest.reason,
  );
  const describeTime = (one: DemoEvent) => formatElapsed(one.atMs - startedAtMs);
  const time = columnWidth(shown.map(describeTime), Infinity);
  const rows = shown.map((one): Line => [
    { text: `${describeTime(one).padStart(time)}  `, style: 'faint' },
    { text: `${cutText(one.source, source).padEnd(source)}  ` },
    { text: `${cutText(one.reason, reason).padEnd(reason)}  `, style: 'accent' },
    { text: one.text },
  ]);
  return [[], ...rows];
}

function columnWidth(texts: readonly string[], limit: number): number {
  return Math.min(limit, Math.max(...texts.map(({ length }) => length)));
}
