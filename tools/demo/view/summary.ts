import type { DemoPodState, DemoSessions, DemoState } from '../state.ts';
import type { Line } from './line.ts';

/** In the order of a pod's life. */
const podStates: readonly DemoPodState[] = ['Starting', 'Accepting', 'Draining', 'Ending'];

/** `0:42`, from an hour on `1:02:03`. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const pad = (part: number) => String(part % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

/** `sessions: 123 started, 83 ended, 0 lost, 40 active`. */
export function buildSessionsLine({ started, ended, lost, active }: DemoSessions): Line {
  return [
    { text: `sessions: ${started} started, ${ended} ended, ` },
    { text: `${lost} lost`, style: lost === 0 ? 'good' : 'bad' },
    { text: `, ${active} active` },
  ];
}

/** `pods: 5, wanted: 2 (2 accepting, 3 draining)`. */
export function buildPodsLine({ pods, wantedReplicas }: DemoState): Line {
  const counts = podStates
    .map((name) => ({ name, count: pods.filter(({ state }) => state === name).length }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name.toLowerCase()}`);
  const byState = counts.length > 0 ? ` (${counts.join(', ')})` : '';
  return [{ text: `pods: ${pods.length}, wanted: ${wantedReplicas}${byState}` }];
}
