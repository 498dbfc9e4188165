/** The status of Gateways that Holdfast is the controller of. */
import { countAttachedRoutes, listenersOf, servedListeners, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { addressesOf, findAddressProblem, type ReachableService } from './gateway-addresses.ts';
import { explainProxyRefusal } from './refusals.ts';
import { formatCount } from '../names/format.ts';
import { explainRefused, resourceRefused } from './refused-resources.ts';
import type { Refusal } from '../../wire/messages.ts';
import { judgeListenerEntry, noteOn } from './listener-status.ts';
import { isAccepted, type ParentVerdicts } from './listener-set-status.ts';
import {
  dateConditions,
  entriesOf,
  holds,
  lacks,
  readConditions,
  type Observed,
  type Verdict,
} from './dated-conditions.ts';

/** The proxy of a Gateway: its Service, how many replicas are ready, why it could not be created, and what it refuses of its configuration. */
export type ProxyView = {
  readyReplicas: number;
  service?: ReachableService;
  refusal?: string;
  obstacle?: string;
  refused?: readonly Refusal[];
};

/** Returns what the conditions of its ListenerSets depend on. */
export const judgeGatewayVerdicts = (plan: GatewayPlan, proxy: ProxyView): ParentVerdicts => ({
  accepted: judgeGatewaySpec(plan),
  programmed: judgeProxy(plan, proxy),
});

export function judgeGateway(plan: GatewayPlan, proxy: ProxyView, observed: Observed, nowMs: number): object {
  const { gateway, userManaged } = plan;
  const { accepted, programmed } = judgeGatewayVerdicts(plan, proxy);
  const known = entriesOf(observed.status, 'listeners');
  const verdicts = [
    accepted,
    judgeProgrammed(plan, proxy, programmed),
    ...judgeReferences(plan, nowMs),
    ...judgeFrontend(plan),
    ...judgeRefused(proxy),
  ];
  return {
    addresses: addressesOf(gateway, proxy.service, plan.addresses.kind === 'usable' ? plan.addresses.ips : []),
    conditions: dateConditions(verdicts, observed, {
      nowMs,
      before: readConditions(observed.status),
    }),
    listeners: listenersOf(plan).map((listener) => {
      const attachedRoutes = countAttachedRoutes(plan, listener.id);
      return judgeListenerEntry(listener, { attachedRoutes, programmed, observed, nowMs }, known);
    }),
    // Server-side apply refuses the field where the installed schema lacks it, as it lacks ListenerSet then.
    ...(userManaged?.sets && {
      attachedListenerSets: userManaged.sets.filter((set) => isAccepted(set, { accepted })).length,
    }),
  };
}

function judgeGatewaySpec(plan: GatewayPlan): Verdict {
  const { userManaged, parameters } = plan;
  if (parameters.kind === 'broken') return lacks('Accepted', 'InvalidParameters', parameters.message);
  const listeners = listenersOf(plan);
  const broken = listeners.filter(({ problem }) => problem !== undefined).map(({ name }) => name);
  if (broken.length === listeners.length) {
    return lacks('Accepted', 'ListenersNotValid', noListener);
  }
  if (plan.addresses.kind === 'unsupported') return lacks('Accepted', 'UnsupportedAddress', plan.addresses.message);
  const unsupported = userManaged?.object.unsupported ?? [];
  if (unsupported.length > 0) {
    return lacks(
      'Accepted',
      'Invalid',
      `This version does not support ${unsupported.join(', ')}: remove it. The listeners are still served.`,
    );
  }
  if (broken.length > 0) {
    return holds(
      'Accepted',
      'ListenersNotValid',
      `Served, except for invalid listeners: ${broken.join(', ')}. See their conditions.`,
    );
  }
  return holds('Accepted', 'Accepted', 'The listeners are valid.');
}

const noListener = 'No listener can be served, see their conditions.';

/** Gateway API has the condition for references of the Gateway itself; it also sums up those of the listeners. */
function judgeReferences(plan: GatewayPlan, nowMs: number): Verdict[] {
  const resolved = plan.userManaged?.clientCertificate;
  if (resolved === undefined) return [];
  if ('reason' in resolved) return [lacks('ResolvedRefs', resolved.reason, resolved.message)];
  const broken = listenersOf(plan).filter(({ verdicts }) => !verdicts.resolvedRefs.holds);
  if (broken.length > 0) {
    const names = broken.map(({ name }) => name).join(', ');
    return [lacks('ResolvedRefs', 'ListenersNotResolved', `References of listeners: ${names}. See their conditions.`)];
  }
  const note = noteOn(resolved.certificate, nowMs);
  return [holds('ResolvedRefs', 'ResolvedRefs', note ?? 'The client certificate is valid.')];
}

/** Gateway API: the condition is there only while a mode lets clients without a valid certificate in. */
function judgeFrontend({ userManaged }: GatewayPlan): Verdict[] {
  const { byDefault, ports } = userManaged?.object.clientValidation ?? { ports: [] };
  const open = [byDefault, ...ports.map(({ rule }) => rule)].flatMap((rule) =>
    rule?.mode === 'AllowInsecureFallback' ? [`${rule.field}.validation.mode`] : [],
  );
  if (open.length === 0) return [];
  const message = `AllowInsecureFallback in ${open.join(', ')}: clients without a valid certificate are accepted. Use AllowValidOnly to refuse them.`;
  return [holds('InsecureFrontendValidationMode', 'ConfigurationChanged', message)];
}

/** Gateway API has no condition for it: the rest is served, and this too as it was before. */
const judgeRefused = ({ refused = [] }: ProxyView): Verdict[] =>
  refused.length === 0 ? [] : [holds('holdfast.dev/ResourceRefused', resourceRefused, explainRefused(refused))];

/** Of the listeners: whether proxies serve them, whatever address clients use. */
function judgeProxy(plan: GatewayPlan, { readyReplicas, refusal, obstacle }: ProxyView): Verdict {
  const { gateway } = plan;
  if (obstacle !== undefined) return lacks('Programmed', 'Invalid', obstacle);
  if (servedListeners(plan).length === 0) return lacks('Programmed', 'Invalid', noListener);
  const refused = refusal === undefined ? undefined : explainProxyRefusal(gateway.name, refusal);
  if (readyReplicas === 0) {
    return refused === undefined
      ? lacks('Programmed', 'Pending', 'No proxy replica is ready yet.')
      : lacks('Programmed', 'NoResources', refused);
  }
  const ready = `The proxy has ${formatCount(readyReplicas, 'ready replica')}.`;
  return holds('Programmed', 'Programmed', refused === undefined ? ready : `${ready} ${refused}`);
}

/** Of the Gateway. Where the API server refused the Service, the obstacle is why it does not have its address. */
function judgeProgrammed({ gateway, addresses }: GatewayPlan, proxy: ProxyView, proxyVerdict: Verdict): Verdict {
  const problem = findAddressProblem(gateway, proxy.service, addresses);
  if (problem?.reason === 'AddressNotUsable') {
    return lacks('Programmed', problem.reason, [proxy.obstacle, problem.message].filter(Boolean).join(' '));
  }
  return problem && proxyVerdict.holds ? lacks('Programmed', problem.reason, problem.message) : proxyVerdict;
}
