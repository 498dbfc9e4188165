/** What a StickyWorkload reports of its own objects and of those of the Gateway that Holdfast generates for it. */
import type { ApplyOutcome } from '../../core/status/input.ts';
import type { GatewayOutcomes } from '../gateway/gateway-outcomes.ts';
import { gatewaysOf } from '../gateway/provision.ts';
import { gatewayKey } from '../../core/resolve/plan.ts';
import type { Translated } from '../translation/translation-store.ts';

/** Returns undefined while the Gateway was not reconciled. A write that failed comes first: it may be why anything else is missing. */
export function wholeOutcome(
  key: string,
  own: ApplyOutcome,
  { translated, gateways }: { translated: Translated; gateways: Pick<GatewayOutcomes, 'of'> },
): ApplyOutcome | undefined {
  const accept = translated.translation.accepts[key];
  if (own.kind === 'failed' || accept?.kind !== 'accepted') return own;
  const generated = gatewaysOf(accept.plan, translated).filter(({ userManaged }) => userManaged === undefined);
  const outcomes = generated.map(({ gateway }) => gateways.of(gatewayKey(gateway)));
  const failed = outcomes.find((outcome) => outcome?.kind === 'failed');
  if (failed !== undefined || own.kind === 'conflict') return failed ?? own;
  if (outcomes.includes(undefined)) return undefined;
  return outcomes.find((outcome) => outcome?.kind === 'conflict') ?? own;
}
