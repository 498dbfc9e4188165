/** The parents of a StickyWorkload's route that Holdfast does not manage: its HTTPRoute refers to none of them, and a condition says why. */
import type { Reason } from '../../api/reasons.ts';
import type { GatewayIndex } from '../resolve/gateways.ts';
import { gatewayKey, type ServingPlan } from '../resolve/plan.ts';
import type { AttachLookup } from './attach.ts';
import type { ParentIR, RouteIR } from './ir.ts';
import { parentKey } from './parent-objects.ts';

export type MissingParent = {
  reason: Extract<Reason, 'GatewayAPIMissing' | 'GatewayNotFound' | 'UnsupportedGatewayClass'>;
  message: string;
};

export type MissingLookup = Pick<AttachLookup, 'parents'> &
  Pick<GatewayIndex, 'foreign'> & { gatewayApiInstalled: boolean };

/** Returns the route with those parents that Holdfast manages, and why it has no others. */
export function splitParents(
  route: RouteIR,
  { parents }: Pick<ServingPlan, 'parents'>,
  lookup: MissingLookup,
): { route: RouteIR; missing: MissingParent[] } {
  // Without Gateway API the one that Holdfast generates exists as a proxy only.
  const canExist = lookup.gatewayApiInstalled || parents.some(({ isGenerated }) => isGenerated);
  const isManaged = (parent: ParentIR): boolean => canExist && lookup.parents.has(parentKey(parent));
  const others = route.parents.filter((parent) => !isManaged(parent));
  if (others.length === 0) return { route, missing: [] };
  return {
    route: { ...route, parents: route.parents.filter(isManaged) },
    missing: others.map((parent) => explain(parent, lookup)),
  };
}

function explain(parent: ParentIR, { gatewayApiInstalled, foreign }: MissingLookup): MissingParent {
  if (!gatewayApiInstalled) return { reason: 'GatewayAPIMissing', message: noGatewayApi };
  const gateway = `spec.route.parentRefs: Gateway ${gatewayKey(parent)}`;
  const className = foreign.get(gatewayKey(parent));
  return className === undefined
    ? { reason: 'GatewayNotFound', message: `${gateway} does not exist: create it, or name an existing one.` }
    : {
        reason: 'UnsupportedGatewayClass',
        message: `${gateway} is managed by another controller (GatewayClass ${className}), which does not implement Holdfast sessions: use a Gateway of class holdfast.`,
      };
}

const noGatewayApi =
  'spec.route.parentRefs: Gateway API is not installed, so no Gateway can exist. Install its CRDs (https://gateway-api.sigs.k8s.io/guides/), ' +
  'or remove parentRefs: the proxy of this namespace works without Gateway API.';
