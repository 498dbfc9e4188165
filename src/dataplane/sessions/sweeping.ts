/** Ends sessions at their limits, a part of the table at a time. */
import type { Clock } from '../../platform/clock.ts';
import type { SessionTable } from './session-table.ts';

const sweepIntervalMs = 100;
/** Takes less than a millisecond; a table of a million sessions is swept in half a minute, a usual one at each turn. */
const rowsPerSweep = 8192;

/** Returns a function that stops it. */
export function startSweeping(sessions: Pick<SessionTable, 'sweep'>, clock: Clock): () => void {
  let cancel = () => {};
  const sweep = () => {
    sessions.sweep(clock.nowMs(), rowsPerSweep);
    cancel = clock.after(sweepIntervalMs, sweep);
  };
  sweep();
  return () => {
    cancel();
  };
}
