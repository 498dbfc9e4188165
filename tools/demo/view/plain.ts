import type { DemoEvent, DemoState } from '../state.ts';
import { renderLine, sanitizeText } from './line.ts';
import { buildPodsLine, buildSessionsLine, formatElapsed } from './summary.ts';

/** `0:41 operator PodTerminating: Pod shop-1: …`, in one line whatever the text holds. */
export function renderEvent({ atMs, source, reason, text }: DemoEvent, startedAtMs: number): string {
  return sanitizeText(`${formatElapsed(atMs - startedAtMs)} ${source} ${reason}: ${text}`);
}

/** `0:42 pods: 2, wanted: 2 (2 accepting); sessions: 9 started, 5 ended, 0 lost, 4 active; waiting for the autoscaler`. */
export function renderStatus(state: DemoState): string {
  const separator = { text: '; ' };
  const line = [
    { text: `${formatElapsed(state.elapsedMs)} ` },
    ...buildPodsLine(state),
    separator,
    ...buildSessionsLine(state.sessions),
    separator,
    { text: state.step },
  ];
  return renderLine(line, { columns: Infinity, color: false });
}
