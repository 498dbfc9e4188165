/** Conditions of Gateway API objects: as ours, except that their reasons are Gateway API's words. */
import { isRecord } from '../../platform/record.ts';
import { formatTime } from '../names/format.ts';

type GatewayCondition = {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
  observedGeneration: number;
  lastTransitionTime: string;
};

export type Observed = { generation: number; status?: Record<string, unknown> };

export type Verdict = { type: string; holds: boolean; reason: string; message: string };

export const holds = (type: string, reason: string, message: string): Verdict => ({
  type,
  holds: true,
  reason,
  message,
});
export const lacks = (type: string, reason: string, message: string): Verdict => ({
  type,
  holds: false,
  reason,
  message,
});

export type Dated = Pick<GatewayCondition, 'type' | 'status' | 'lastTransitionTime'>;

/** A condition keeps the time of its last transition until its status changes. */
export function dateConditions(
  verdicts: readonly Verdict[],
  { generation }: Observed,
  { nowMs, before }: { nowMs: number; before: readonly Dated[] },
): GatewayCondition[] {
  return verdicts.map(({ type, holds: isTrue, reason, message }) => {
    const status = isTrue ? 'True' : 'False';
    const earlier = before.find((condition) => condition.type === type);
    const lastTransitionTime = earlier?.status === status ? earlier.lastTransitionTime : formatTime(nowMs);
    return { type, status, reason, message, observedGeneration: generation, lastTransitionTime };
  });
}

/** What we wrote earlier, read back. */
export function entriesOf(status: Record<string, unknown> | undefined, list: string): Record<string, unknown>[] {
  const entries: unknown = status?.[list];
  return Array.isArray(entries) ? entries.filter(isRecord) : [];
}

export const readConditions = (holder: Record<string, unknown> | undefined): Dated[] =>
  entriesOf(holder, 'conditions').filter(isDated);

const isDated = (value: unknown): value is Dated => isRecord(value) && typeof value['lastTransitionTime'] === 'string';
