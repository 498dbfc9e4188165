/** The status of an HTTPRoute of a user. */
import type { AttachVerdict } from '../route/attach.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import { controllerName } from '../names/names.ts';
import { gatewayKey } from '../resolve/plan.ts';
import { explainShadow, type Shadow } from '../resolve/shadowed.ts';
import {
  dateConditions,
  entriesOf,
  holds,
  isSameReference,
  lacks,
  readConditions,
  type Observed,
  type Verdict,
} from './dated-conditions.ts';

/** By key of the Gateway. */
type Shadows = ReadonlyMap<string, Shadow>;
const noShadows: Shadows = new Map();

/**
 * One entry for each parent that Holdfast manages. Entries of other controllers are kept, because the API server treats the list as one
 * value. Returns undefined if there is none of Holdfast's, and was none: the route is not its to judge.
 */
export function judgeHttpRoute(
  judged: JudgedRoute,
  observed: Observed,
  nowMs: number,
  shadows: Shadows = noShadows,
): object | undefined {
  const known = entriesOf(observed.status, 'parents');
  const own = known.filter((entry) => entry['controllerName'] === controllerName);
  if (judged.parents.length === 0 && own.length === 0) return undefined;
  const resolved = judgeRefs(judged);
  return {
    parents: [
      ...known.filter((entry) => entry['controllerName'] !== controllerName),
      ...judged.parents.map((verdict) => {
        const { ref } = verdict.parent;
        const before = own.find((entry) => isSameReference(entry['parentRef'], ref));
        return {
          parentRef: ref,
          controllerName,
          conditions: dateConditions([...judgeParent(verdict, shadows), resolved], observed, {
            nowMs,
            before: readConditions(before),
          }),
        };
      }),
    ],
  };
}

/** A condition of its own for what Gateway API has none: it is accepted, and another route has its requests. */
function judgeParent(verdict: AttachVerdict, shadows: Shadows): Verdict[] {
  if (verdict.kind === 'refused') return [lacks('Accepted', verdict.reason, verdict.message)];
  const shadow = shadows.get(gatewayKey(verdict.gateway));
  const accepted = holds('Accepted', 'Accepted', 'The route is served.');
  return shadow ? [accepted, holds('holdfast.dev/Shadowed', 'RouteShadowed', explainShadow(shadow))] : [accepted];
}

/** A message of a condition has at most 32 KiB. */
const maxMessages = 8;

function judgeRefs({ refs }: JudgedRoute): Verdict {
  const broken = [...refs.values()].filter((verdict) => verdict.kind === 'unresolved');
  const [first] = broken;
  if (first === undefined) return holds('ResolvedRefs', 'ResolvedRefs', 'All references are resolved.');
  const messages = broken.slice(0, maxMessages).map(({ message }) => message);
  const more = broken.length > maxMessages ? [`${broken.length - maxMessages} more do not resolve.`] : [];
  return lacks('ResolvedRefs', first.reason, [...messages, ...more, 'Their share of the requests gets 500.'].join(' '));
}
