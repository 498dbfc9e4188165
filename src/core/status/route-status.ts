/** The status of an HTTPRoute or a GRPCRoute, of a user or rendered for a StickyWorkload. */
import type { AttachVerdict } from '../route/attach.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { RefVerdict } from '../route/resolve-refs.ts';
import { explainShare } from '../route/shortfall.ts';
import { gatewayKey } from '../resolve/plan.ts';
import { explainShadow, type Shadow } from '../resolve/shadowed.ts';
import { judgeEntries } from './controller-entries.ts';
import { holds, lacks, type Observed, type Verdict } from './dated-conditions.ts';

/** By key of the Gateway. */
type Shadows = ReadonlyMap<string, Shadow>;
const noShadows: Shadows = new Map();

/** One entry for each parent that Holdfast manages. Returns undefined if there is none, and was none. */
export function judgeHttpRoute(
  judged: JudgedRoute,
  observed: Observed,
  nowMs: number,
  shadows: Shadows = noShadows,
): object | undefined {
  const resolved = judgeRefs(judged);
  const own = judged.parents.map((verdict) => ({
    ref: verdict.parent.ref,
    verdicts: [...judgeParent(verdict, shadows), resolved],
  }));
  const parents = judgeEntries('parents', own, observed, nowMs);
  return parents && { parents };
}

/** A condition of its own for what Gateway API has none: it is accepted, and another route has its requests. */
function judgeParent(verdict: AttachVerdict, shadows: Shadows): Verdict[] {
  if (verdict.kind === 'refused') return [lacks('Accepted', verdict.reason, verdict.message)];
  const shadow = shadows.get(gatewayKey(verdict.gateway));
  const accepted = holds('Accepted', 'Accepted', 'The route is attached.');
  return shadow ? [accepted, holds('holdfast.dev/Shadowed', 'RouteShadowed', explainShadow(shadow))] : [accepted];
}

/** A message of a condition has at most 32 KiB. */
const maxMessages = 8;

function judgeRefs({ route, refs }: JudgedRoute): Verdict {
  const broken = [...refs.values()].filter((verdict) => verdict.kind === 'unresolved');
  const [first] = broken;
  if (first === undefined) return holds('ResolvedRefs', 'ResolvedRefs', 'All references are resolved.');
  const messages = broken.slice(0, maxMessages).map(({ message }) => message);
  const more = broken.length > maxMessages ? [`${broken.length - maxMessages} more do not resolve.`] : [];
  return lacks('ResolvedRefs', reasonOf(first), [...messages, ...more, explainShare(route.source)].join(' '));
}

/** Gateway API has one reason for whatever does not lead to pods: the reasons of a StickyWorkload's conditions say more. */
const reasonOf = ({ reason }: Extract<RefVerdict, { kind: 'unresolved' }>): string =>
  reason === 'BackendNotAccepted' || reason === 'ExternalNameService' ? 'BackendNotFound' : reason;
