/** Judges the listeners of a Gateway, those of its ListenerSets included, in the order in which Gateway API lets them precede each other. */
import type { GatewayListener } from '../snapshot/snapshot.ts';
import { findConflict } from './conflicts.ts';
import {
  acceptedUnless,
  conflictedIf,
  type JudgedListener,
  type ListenerProblem,
  type ListenerSource,
} from './listener.ts';
import { findOverlaps } from './overlap.ts';
import { resolveRefs, type RefLookup } from './resolve-refs.ts';

/** The listeners of one object. */
export type ListenerGroup = { from: ListenerSource; listeners: readonly GatewayListener[] };

/** Returns the listeners of all groups in their order. */
export function judgeListeners(groups: readonly ListenerGroup[], lookup: RefLookup): JudgedListener[] {
  const judged = new Map<GatewayListener, JudgedListener>();
  for (const { from, listeners } of groups) {
    for (const listener of servedFirst(listeners)) {
      const claims = [...judged.values()].filter(isClaim);
      judged.set(listener, judgeListener(listener, from, { claims, lookup }));
    }
  }
  const inOrder = groups.flatMap(({ listeners }) => listeners).flatMap((listener) => judged.get(listener) ?? []);
  const overlaps = findOverlaps(inOrder);
  return inOrder.map((listener) => {
    const overlapping = overlaps.get(listener);
    return overlapping ? { ...listener, verdicts: { ...listener.verdicts, overlapping } } : listener;
  });
}

/**
 * A listener that is served keeps its port and hostname: one that is added to the same object later never takes it down. Of listeners that
 * are not served yet, the earlier in the list wins. Between objects Gateway API sets the order.
 */
const servedFirst = (listeners: readonly GatewayListener[]): GatewayListener[] => [
  ...listeners.filter(({ acceptedBefore = false }) => acceptedBefore),
  ...listeners.filter(({ acceptedBefore = false }) => !acceptedBefore),
];

/** A listener without a usable certificate keeps its port and hostname, or a Secret that is replaced would pass them on. */
const isClaim = ({ problem }: JudgedListener): boolean => problem === undefined || problem.about === 'ResolvedRefs';

/** `claims`: the listeners that precede it and are accepted. */
function judgeListener(
  listener: GatewayListener,
  from: ListenerSource,
  { claims, lookup }: { claims: readonly JudgedListener[]; lookup: RefLookup },
): JudgedListener {
  const conflict = findConflict(listener, from, claims);
  const refused = conflict === undefined ? findRefusal(listener) : undefined;
  const refs = resolveRefs(listener, from, lookup);
  // Gateway API has the reasons of conflicts for Accepted too, but only in a ListenerSet.
  const accepted = acceptedUnless(refused ?? (from.kind === 'ListenerSet' ? conflict : undefined));
  const problem =
    withAbout('Conflicted', conflict) ?? withAbout('Accepted', refused) ?? withAbout('ResolvedRefs', refs.problem);
  return {
    ...listener,
    id: from.kind === 'Gateway' ? listener.name : `${from.namespace}/${from.name}/${listener.name}`,
    from,
    verdicts: { accepted, resolvedRefs: refs.verdict, conflicted: conflictedIf(conflict) },
    ...(problem && { problem }),
    certificates: refs.certificates,
  };
}

const withAbout = (
  about: ListenerProblem['about'],
  problem: Omit<ListenerProblem, 'about'> | undefined,
): ListenerProblem | undefined => problem && { about, ...problem };

type Refusal = Omit<ListenerProblem, 'about'>;

function findRefusal({ protocol, tls }: GatewayListener): Refusal | undefined {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') {
    return {
      reason: 'UnsupportedProtocol',
      message: `Protocol ${protocol} is not supported by this version: use HTTP or HTTPS.`,
    };
  }
  if (tls !== undefined && tls.mode !== 'Terminate') {
    return { reason: 'UnsupportedValue', message: `tls.mode ${tls.mode} is not supported: use Terminate.` };
  }
  const [option] = tls?.options ?? [];
  if (option !== undefined) {
    return { reason: 'UnsupportedValue', message: `tls.options: ${option} is not supported: remove it.` };
  }
  return undefined;
}
