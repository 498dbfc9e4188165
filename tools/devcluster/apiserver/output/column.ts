/** Columns of Table responses, which kubectl prints. */
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

export const column = (name: string, cell: Column['cell'], options: Partial<Column> = {}): Column => ({
  name,
  type: 'string',
  format: '',
  description: `${name} of the object.`,
  priority: 0,
  ...options,
  cell,
});

export const nameColumn: Column = column('Name', ({ metadata }) => metadata.name, { format: 'name' });
export const ageColumn: Column = column('Age', ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs));

/** Returns the age of a time as kubectl prints it, without a second unit: `5m`, not `5m12s`. */
export function formatAge(time: unknown, nowMs: number): string {
  const startMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(startMs)) return '<unknown>';
  const seconds = Math.max(0, Math.floor((nowMs - startMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
