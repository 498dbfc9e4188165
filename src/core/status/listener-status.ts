/** The status of one listener, as Gateways and ListenerSets list it. */
import type { LoadedCertificate } from '../listener/certificate.ts';
import type { JudgedListener } from '../listener/listener.ts';
import { formatTime } from '../names/format.ts';
import { supportedAmong, type RouteKind } from '../resolve/route-kinds.ts';
import { dateConditions, lacks, readConditions, type Observed, type Verdict } from './dated-conditions.ts';

/** `programmed`: that of the proxies. `nowMs`: certificates expire. */
export type ListenerView = { attachedRoutes: number; programmed: Verdict; observed: Observed; nowMs: number };

/** `known`: the entries of the listeners as last written. */
export function judgeListenerEntry(
  listener: JudgedListener,
  { attachedRoutes, programmed, observed, nowMs }: ListenerView,
  known: readonly Record<string, unknown>[],
): object {
  const before = readConditions(known.find(({ name }) => name === listener.name));
  return {
    name: listener.name,
    attachedRoutes,
    supportedKinds: supportedKindsOf(listener),
    conditions: dateConditions(verdictsOf(listener, programmed, nowMs), observed, { nowMs, before }),
  };
}

/** The kinds that are asked for and supported; a protocol that is not supported supports no kind. */
const supportedKindsOf = ({ protocol, allowedRoutes }: JudgedListener): RouteKind[] =>
  protocol === 'HTTP' || protocol === 'HTTPS' ? supportedAmong(allowedRoutes.kinds) : [];

function verdictsOf(listener: JudgedListener, programmed: Verdict, nowMs: number): Verdict[] {
  const { verdicts, problem, certificates } = listener;
  const { accepted, resolvedRefs, conflicted, overlapping } = verdicts;
  const notes = certificates.flatMap((certificate) => noteOn(certificate, nowMs) ?? []);
  return [
    accepted,
    problem === undefined ? programmed : notProgrammed(listener, problem),
    notes.length === 0 ? resolvedRefs : { ...resolvedRefs, message: [resolvedRefs.message, ...notes].join(' ') },
    conflicted,
    ...(overlapping ? [overlapping] : []),
  ];
}

/** A ListenerSet repeats the reason of a conflict here, and a Gateway does not. */
const notProgrammed = (
  { from }: JudgedListener,
  { about, reason, message }: NonNullable<JudgedListener['problem']>,
): Verdict => lacks('Programmed', from.kind === 'ListenerSet' && about === 'Conflicted' ? reason : 'Invalid', message);

/** An expired certificate is still presented: whether to accept it is the decision of the other side. */
export function noteOn({ name, notBeforeMs, notAfterMs }: LoadedCertificate, nowMs: number): string | undefined {
  if (nowMs > notAfterMs) return `The certificate of Secret ${name} expired at ${formatTime(notAfterMs)}: renew it.`;
  if (nowMs >= notBeforeMs) return undefined;
  return `The certificate of Secret ${name} is not valid before ${formatTime(notBeforeMs)}.`;
}
