/** Judges the listeners of a Gateway, those of its ListenerSets included, in the order in which Gateway API lets them precede each other. */
import type { Gateway, GatewayListener } from '../snapshot/snapshot.ts';
import { createClaims } from './conflicts.ts';
import {
  acceptedUnless,
  conflictedIf,
  listenerId,
  type JudgedListener,
  type ListenerProblem,
  type ListenerSource,
} from './listener.ts';
import { findOverlaps } from './overlap.ts';
import { resolveRefs, type RefLookup } from './resolve-refs.ts';

/** The listeners of one object. */
export type ListenerGroup = { from: ListenerSource; listeners: readonly GatewayListener[] };

export type ListenerLookup = RefLookup & Pick<Gateway, 'clientValidation'>;

/** Returns the listeners of all groups in their order. */
export function judgeListeners(groups: readonly ListenerGroup[], lookup: ListenerLookup): JudgedListener[] {
  const judged = new Map<GatewayListener, JudgedListener>();
  const claims = createClaims();
  for (const { from, listeners } of groups) {
    for (const listener of servedFirst(listeners)) {
      const verdict = judgeListener(listener, from, { conflict: claims.findConflict(listener, from), lookup });
      judged.set(listener, verdict);
      if (isClaim(verdict)) claims.add(verdict);
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

/** `conflict`: with a listener that precedes it and is accepted. */
function judgeListener(
  listener: GatewayListener,
  from: ListenerSource,
  { conflict, lookup }: { conflict: Refusal | undefined; lookup: ListenerLookup },
): JudgedListener {
  const refused = conflict === undefined ? findRefusal(listener, lookup) : undefined;
  const refs = resolveRefs(listener, from, lookup);
  // Gateway API has the reasons of conflicts for Accepted too, but only in a ListenerSet.
  const accepted = acceptedUnless(refused ?? (from.kind === 'ListenerSet' ? conflict : undefined));
  const problem =
    withAbout('Conflicted', conflict) ?? withAbout('Accepted', refused) ?? withAbout('ResolvedRefs', refs.problem);
  return {
    ...listener,
    id: listenerId(from, listener.name),
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

function findRefusal(
  { port, protocol, tls }: GatewayListener,
  { clientValidation }: Pick<ListenerLookup, 'clientValidation'>,
): Refusal | undefined {
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
  // Served without validation, it would be open to every client.
  if (protocol === 'HTTPS' && validatesClients(port, clientValidation)) {
    return {
      reason: 'UnsupportedValue',
      message: `spec.tls.frontend of the Gateway demands certificates of clients on port ${port}, which is not supported by this version: remove it, or use HTTP and a proxy in front that validates clients.`,
    };
  }
  return undefined;
}

function validatesClients(port: number, validation: ListenerLookup['clientValidation']): boolean {
  if (validation === undefined) return false;
  return validation.ports.find((one) => one.port === port)?.validates ?? validation.byDefault;
}
