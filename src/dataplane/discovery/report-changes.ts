/** What a report says beyond one that a replica of the operator has: with thousands of pods, most of them have not changed in a second. */
import type { Report } from '../../wire/messages.ts';
import type { CountedEndpoints } from './counted-endpoints.ts';

/** What is true now. `keyRings`: another object only if they are others. */
export type ReportDraft = {
  head: Omit<Report, 'endpoints' | 'since' | 'gone' | 'acknowledged'>;
  endpoints: Pick<CountedEndpoints, 'since'>;
};

/** The last report that a replica has received. `version`: that of its endpoints. */
export type Received = {
  sequence: number;
  version: number;
  /** When the last complete one was sent. */
  completeAtMs: number;
  keyRings: Report['keyRings'];
};

/** What a lost change of a replica costs is bounded by this. */
const completeEveryMs = 30_000;

/** Returns what is sent to a replica, and what it has once it has received that. */
export function reportSince(
  { head, endpoints }: ReportDraft,
  before: Received | undefined,
  nowMs: number,
): { sent: Report; received: Received } {
  const known = before !== undefined && nowMs - before.completeAtMs < completeEveryMs ? before : undefined;
  const { keyRings, ...others } = head;
  const { version, isComplete, gone, endpoints: changed } = endpoints.since(known?.version);
  const received = { sequence: head.sequence, version, keyRings };
  if (known === undefined || isComplete) {
    return { sent: { ...head, endpoints: changed }, received: { ...received, completeAtMs: nowMs } };
  }
  const sent = {
    ...others,
    since: known.sequence,
    ...(gone.length > 0 && { gone }),
    endpoints: changed,
    ...(keyRings && known.keyRings !== keyRings && { keyRings }),
  };
  return { sent, received: { ...received, completeAtMs: known.completeAtMs } };
}
