/** Refusals of pods by the API server: a ResourceQuota, a LimitRange, PodSecurity, or an admission webhook. */
import { sidecarContainer } from '../names/names.ts';
import type { StatusInput } from './input.ts';

/** A condition's message has at most 32,768 characters; a refusal that lists every violation is still readable at this length. */
const quotedCharacters = 1000;

/** Returns the API server's own words, bounded, without a full stop at the end. */
export const quote = (refusal: string): string =>
  `"${refusal.length <= quotedCharacters ? refusal : `${refusal.slice(0, quotedCharacters)}…`}"`;

export const explainProxyRefusal = (gateway: string, refusal: string): string =>
  `The API server refuses the proxy pods of Gateway ${gateway}: ${quote(refusal)}. ` +
  'Set spec.resources of a HoldfastProxy, or change the policy of the namespace.';

export function explainSidecarRefusal({ target }: StatusInput['cluster'], refusal: string): string {
  const what = target === undefined ? 'new pods' : `new pods of ${target.kind} ${target.name}`;
  return (
    `The API server refuses ${what} because of container ${sidecarContainer}: ${quote(refusal)}. ` +
    'Set spec.sidecar.resources so that the policy of the namespace allows them, or change the policy.'
  );
}
