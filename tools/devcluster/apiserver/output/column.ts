/** Columns of Table responses: what kubectl prints. */
import type { KubeObject } from '../../../../src/kube/ports.ts';

export type Column = {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format: string;
  description: string;
  /** Above 0: only with `-o wide`. */
  priority: number;
  cell: (object: KubeObject, nowMs: number) => unknown;
};

type Cell = Column['cell'];

export const column = (name: string, cell: Cell, options: Partial<Column> = {}): Column => ({
  name,
  type: 'string',
  format: '',
  description: `${name} of the object.`,
  priority: 0,
  ...options,
  cell,
});

export const wide = (name: string, cell: Cell, options: Partial<Column> = {}): Column =>
  column(name, cell, { ...options, priority: 1 });

export const nameColumn: Column = column('Name', ({ metadata }) => metadata.name, { format: 'name' });
export const ageColumn: Column = column('Age', ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs));

/** The age of a time as kubectl prints it: with two units if the first is small. */
export function formatAge(time: unknown, nowMs: number): string {
  if (typeof time !== 'string') return '<unknown>';
  const startMs = Date.parse(time);
  return Number.isNaN(startMs) ? '<invalid>' : formatDuration(nowMs - startMs);
}

const two = (first: number, firstUnit: string, second: number, secondUnit: string): string =>
  second === 0 ? `${first}${firstUnit}` : `${first}${firstUnit}${second}${secondUnit}`;

/** The number of a unit from which the next smaller unit is omitted, as in `duration.HumanDuration`. */
function formatDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}
