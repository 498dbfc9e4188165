/** What the conditions of an autoscaler say. */
import type { Body } from '../body.ts';

/** `type: status reason` of each condition. */
export type Says = Partial<Record<'AbleToScale' | 'ScalingActive' | 'ScalingLimited', string>>;

type Condition = { type: string; status: string; reason: string; message: string };
const conditions = ({ status }: Body): Condition[] => (status.conditions ?? []) as Condition[];
export const says = (autoscaler: Body): Says =>
  Object.fromEntries(conditions(autoscaler).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
export const explains = (autoscaler: Body, type: string): string =>
  conditions(autoscaler).find((condition) => condition.type === type)?.message ?? '';

/** It has scaled. */
export const rescaled: Says = {
  AbleToScale: 'True SucceededRescale',
  ScalingActive: 'True ValidMetricFound',
  ScalingLimited: 'False DesiredWithinRange',
};
/** There is nothing to do. */
export const content: Says = { ...rescaled, AbleToScale: 'True ReadyForNewScale' };
/** It has scaled, though not as far as the metric asks. */
export const limited = (reason: string): Says => ({ ...rescaled, ScalingLimited: `True ${reason}` });
/** It may not scale. */
export const held = (reason: string): Says => ({ ...content, ScalingLimited: `True ${reason}` });
