/** Judges the listeners of a Gateway, those of its ListenerSets included, in the order in which Gateway API lets them precede each other. */
import type { GatewayListener } from '../snapshot/snapshot.ts';
import { failuresFor, resolveClientCertificates, type ResolvedClients, type Frontend } from './client-certificates.ts';
import { createClaims, type Claims } from './conflicts.ts';
import {
  acceptedUnless,
  conflictedIf,
  lacksCertificates,
  listenerId,
  type JudgedListener,
  type ListenerProblem,
  type ListenerSource,
} from './listener.ts';
import { findOverlaps } from './overlap.ts';
import { resolveRefs, type RefLookup } from './resolve-refs.ts';

/** The listeners of one object. */
export type ListenerGroup = { from: ListenerSource; listeners: readonly GatewayListener[] };

/** `frontend`: absent if clients need no certificates. */
export type ListenerLookup = RefLookup & { frontend?: Frontend };

/** Returns the listeners of all groups in their order. */
export function judgeListeners(groups: readonly ListenerGroup[], lookup: ListenerLookup): JudgedListener[] {
  const judged = new Map<GatewayListener, JudgedListener>();
  const claims = createClaims();
  for (const { from, listeners } of groups) {
    for (const listener of servedFirst(listeners)) {
      const verdict = judgeListener(listener, from, { claims, lookup });
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
const isClaim = ({ problem }: JudgedListener): boolean => problem === undefined || lacksCertificates(problem);

/** `claims`: of the listeners that precede it and are accepted. */
function judgeListener(
  listener: GatewayListener,
  from: ListenerSource,
  { claims, lookup }: { claims: Claims; lookup: ListenerLookup },
): JudgedListener {
  const conflict = claims.findConflict(listener, from);
  const clients = clientCertificatesOf(listener, from, lookup);
  const unfit = findRefusal(listener, claims.findUnavailable(listener.port, from)) ?? clients?.refusal;
  const refused = conflict === undefined ? unfit : undefined;
  const refs = resolveRefs(listener, from, lookup, clients?.failures);
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
    ...(clients?.accepted && { clientCertificates: clients.accepted }),
  };
}

function clientCertificatesOf(
  { port, protocol }: GatewayListener,
  from: ListenerSource,
  { frontend, ...lookup }: ListenerLookup,
): ResolvedClients | undefined {
  if (protocol !== 'HTTPS' || frontend === undefined) return undefined;
  const resolved = resolveClientCertificates(frontend, port, lookup);
  return resolved && { ...resolved, failures: failuresFor(from, frontend, resolved.failures) };
}

const withAbout = (
  about: ListenerProblem['about'],
  problem: Omit<ListenerProblem, 'about'> | undefined,
): ListenerProblem | undefined => problem && { about, ...problem };

type Refusal = Omit<ListenerProblem, 'about'>;

function findRefusal(
  { protocol, tls, unsupported = [] }: GatewayListener,
  unavailable: Refusal | undefined,
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
  const [field] = unsupported;
  if (field !== undefined) {
    return { reason: 'UnsupportedValue', message: `${field} is not supported by this version: remove it.` };
  }
  const [option] = tls?.options ?? [];
  if (option !== undefined) {
    return { reason: 'UnsupportedValue', message: `tls.options: ${option} is not supported: remove it.` };
  }
  return unavailable;
}
