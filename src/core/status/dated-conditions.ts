/** Conditions with generation and time: those of a StickyWorkload, and those of Gateway API objects, whose reasons are Gateway API's. */
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

export type Dated = { type: string; status: string; lastTransitionTime: string };

/** `before`: the conditions as last written. */
type Times = { nowMs: number; before: readonly Dated[] };

/** Adds generation and time. The time of the last transition stays until the status changes, not merely the reason. */
export function dateCondition<C extends Omit<Dated, 'lastTransitionTime'>>(
  condition: C,
  generation: number,
  { nowMs, before }: Times,
): C & { observedGeneration: number; lastTransitionTime: string } {
  const earlier = before.find(({ type }) => type === condition.type);
  const lastTransitionTime = earlier?.status === condition.status ? earlier.lastTransitionTime : formatTime(nowMs);
  return { ...condition, observedGeneration: generation, lastTransitionTime };
}

/** Returns the conditions of a Gateway API object. */
export const dateConditions = (
  verdicts: readonly Verdict[],
  { generation }: Observed,
  times: Times,
): GatewayCondition[] =>
  verdicts.map(({ type, holds: isTrue, reason, message }) =>
    dateCondition({ type, status: isTrue ? 'True' : 'False', reason, message }, generation, times),
  );

/** Returns the objects of a list in a status, as last written. */
export function entriesOf(status: Record<string, unknown> | undefined, list: string): Record<string, unknown>[] {
  const entries: unknown = status?.[list];
  return Array.isArray(entries) ? entries.filter(isRecord) : [];
}

export const readConditions = (holder: Record<string, unknown> | undefined): Dated[] =>
  entriesOf(holder, 'conditions').filter(isDated);

const isDated = (value: unknown): value is Dated => isRecord(value) && typeof value['lastTransitionTime'] === 'string';

/** The API server may reorder the fields of a reference. */
export function isSameReference(one: unknown, other: object): boolean {
  if (!isRecord(one)) return false;
  const [left, right] = [new Map(Object.entries(one)), Object.entries(other)];
  return left.size === right.length && right.every(([name, value]) => left.get(name) === value);
}
