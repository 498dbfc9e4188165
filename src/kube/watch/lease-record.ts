/** The record in a Lease's spec, read and written. */
import { recordOf } from '../../platform/record.ts';
import type { KubeObject, ObjectRef } from '../ports.ts';

export type LeaseRecord = {
  /** Empty: no holder. */
  holder: string;
  durationMs: number;
  acquireTime: string | undefined;
  renewTime: string | undefined;
  transitions: number;
};

const specOf = (lease: KubeObject | undefined): Record<string, unknown> => recordOf(lease?.['spec']);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Returns a MicroTime: the API server requires six fractional digits, JavaScript has three. */
export const formatMicroTime = (unixMs: number): string => new Date(unixMs).toISOString().replace('Z', '000Z');

export function readLease(lease: KubeObject): LeaseRecord {
  const spec = specOf(lease);
  return {
    holder: textOf(spec['holderIdentity']) ?? '',
    durationMs: numberOf(spec['leaseDurationSeconds']) * 1000,
    acquireTime: textOf(spec['acquireTime']),
    renewTime: textOf(spec['renewTime']),
    transitions: numberOf(spec['leaseTransitions']),
  };
}

/** Returns the Lease with this record. All other fields of `current` are preserved, above all its resourceVersion. */
export function writeLease(ref: ObjectRef, record: LeaseRecord, current?: KubeObject): KubeObject {
  const spec = {
    ...specOf(current),
    holderIdentity: record.holder,
    leaseDurationSeconds: record.durationMs / 1000,
    leaseTransitions: record.transitions,
    ...(record.acquireTime === undefined ? {} : { acquireTime: record.acquireTime }),
    ...(record.renewTime === undefined ? {} : { renewTime: record.renewTime }),
  };
  const metadata = current?.metadata ?? {
    name: ref.name,
    ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
  };
  return { ...current, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
}

/** Returns the record with which `holder` acquires the lease or renews its own. */
export function claim(
  previous: LeaseRecord | undefined,
  holder: string,
  durationMs: number,
  nowMs: number,
): LeaseRecord {
  const now = formatMicroTime(nowMs);
  const renewal = previous?.holder === holder;
  const transitions = previous === undefined ? 0 : previous.transitions + (renewal ? 0 : 1);
  return { holder, durationMs, acquireTime: renewal ? previous.acquireTime : now, renewTime: now, transitions };
}

/** Returns a record without a holder: candidates need not wait for the lease duration. */
export function released(previous: LeaseRecord, nowMs: number): LeaseRecord {
  return { ...previous, holder: '', durationMs: 1000, renewTime: formatMicroTime(nowMs) };
}
