/**
 * Writes as the API server counts them: its audit log, restricted to the operator's ServiceAccount.
 * An operator that counted its own writes would miss those that it is not aware of.
 */
import { readFileSync } from 'node:fs';

const operatorUser = 'system:serviceaccount:holdfast-system:holdfast-operator';

export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', users: [operatorUser], verbs: ['create', 'update', 'patch', 'delete'] },
    { level: 'None' },
  ],
};

/** By verb and resource: `patch stickyworkloads/status`. */
export type Writes = ReadonlyMap<string, number>;

export interface AuditLog {
  /** How many writes there were so far; the position for `since`. */
  position(): number;
  since(position: number): Writes;
}

export function openAuditLog(file: string): AuditLog {
  const lines = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  return {
    position: () => lines().length,
    since: (position) => countWrites(lines().slice(position)),
  };
}

export function countWrites(lines: readonly string[]): Writes {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const event: unknown = JSON.parse(line);
    if (!isAuditEvent(event)) throw new Error(`the audit log contains a line that is not an event: ${line}`);
    const name = nameOf(event);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

type AuditEvent = { verb: string; objectRef: { resource: string; subresource?: string } };

const isAuditEvent = (value: unknown): value is AuditEvent =>
  typeof value === 'object' && value !== null && 'verb' in value && 'objectRef' in value;

function nameOf({ verb, objectRef }: AuditEvent): string {
  const { resource, subresource } = objectRef;
  return subresource === undefined ? `${verb} ${resource}` : `${verb} ${resource}/${subresource}`;
}

export const isLease = (name: string): boolean => name.endsWith(' leases');

/** All writes except those of the Lease, which continue as long as the operator runs. */
export function sumWithoutLease(writes: Writes): number {
  return [...writes].reduce((sum, [name, count]) => (isLease(name) ? sum : sum + count), 0);
}
