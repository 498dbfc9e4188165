/** Status conditions as Kubernetes keeps them: the transition time changes only with the status. */
import type { Condition } from './objects.ts';
import { formatTime } from './objects.ts';

export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

/** Replaces the condition of the same type, or appends it. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
  nowMs: number,
): Condition[] {
  const before = conditionOf(conditions, condition.type);
  const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
  const stamped = { ...condition, lastTransitionTime: since ?? formatTime(nowMs) };
  const others = conditions ?? [];
  return before === undefined ? [...others, stamped] : others.map((other) => (other === before ? stamped : other));
}
