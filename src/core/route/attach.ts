/**
 * Gateway API's rules of attachment: to which listeners of each parent a route attaches, or why to none. A listener counts whatever its
 * health: a route is attached, and counted, while the certificate of its listener is missing.
 */
import { gatewayApiGroup } from '../names/names.ts';
import { selects } from '../resolve/label-selector.ts';
import { gatewayKey, type GatewayRef } from '../resolve/plan.ts';
import { allowsKind } from '../resolve/route-kinds.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import type { ParentIR, RouteIR, RouteProblem } from './ir.ts';
import { parentKey, type AttachableListener, type ParentObject, type ParentObjects } from './parent-objects.ts';

/** `listeners`: ids of the listeners that accept the route. */
export type AttachedTo = { kind: 'attached'; parent: ParentIR; gateway: GatewayRef; listeners: string[] };
/** `gateway`: set if it accepts the route, and another one has its hosts. */
export type RefusedBy<Reason> = {
  kind: 'refused';
  parent: ParentIR;
  reason: Reason;
  message: string;
  gateway?: GatewayRef;
};
export type Attachment = AttachedTo | RefusedBy<AttachReason>;
export type AttachVerdict = Attachment | RefusedBy<RouteProblem['reason']>;

type AttachReason = 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname' | 'HostnameConflict';

export type AttachLookup = {
  parents: ParentObjects;
  /** Labels by name of the namespace. */
  namespaces: ReadonlyMap<string, Record<string, string>>;
};

/** Returns the attachments of a route that can be served, and why it is refused otherwise. */
export function judgeParents(route: RouteIR, lookup: AttachLookup): AttachVerdict[] {
  const attachments = attach(route, lookup);
  const [problem] = route.problems;
  if (problem === undefined) return attachments;
  const { reason } = problem;
  return attachments.map((verdict) =>
    verdict.kind === 'refused'
      ? verdict
      : { kind: 'refused', parent: verdict.parent, reason, message: explainProblems(route) },
  );
}

/** Returns the Gateways, `namespace/name`, to which a route with these verdicts is attached, each once. */
export const attachedGateways = (verdicts: readonly AttachVerdict[]): string[] => [
  ...new Set(verdicts.flatMap((verdict) => (verdict.kind === 'attached' ? [gatewayKey(verdict.gateway)] : []))),
];

/** Returns a verdict for each parent that Holdfast manages, in the order of the spec: the others are not its to judge. */
export const attach = (route: RouteIR, lookup: AttachLookup): Attachment[] =>
  route.parents.flatMap((parent) => {
    const object = lookup.parents.get(parentKey(parent));
    return object === undefined ? [] : [attachTo(parent, object, { route, lookup })];
  });

function attachTo(
  parent: ParentIR,
  { gateway, namespace, listeners }: ParentObject,
  { route, lookup }: { route: RouteIR; lookup: AttachLookup },
): Attachment {
  const refuse = (reason: AttachReason, message: string): Attachment => ({
    kind: 'refused',
    parent,
    reason,
    message: `${describe(parent, route)} ${message}`,
  });
  const named = listeners.filter((listener) => isNamed(listener, parent));
  if (named.length === 0) return refuse('NoMatchingParent', explainNoListener(parent));
  const allowed = named.filter((listener) => allows(listener, route, { namespace, namespaces: lookup.namespaces }));
  if (allowed.length === 0) return refuse('NotAllowedByListeners', explainNotAllowed(route, named));
  const matching = allowed.filter(({ hostname }) => intersectHostnames(route.hostnames, hostname) !== undefined);
  if (matching.length === 0) return refuse('NoMatchingListenerHostname', explainNoHostname(route, allowed));
  return { kind: 'attached', parent, gateway, listeners: matching.map(({ id }) => id) };
}

const isNamed = ({ name, port }: AttachableListener, parent: ParentIR): boolean =>
  (parent.sectionName === undefined || parent.sectionName === name) &&
  (parent.port === undefined || parent.port === port);

/** Only these protocols have routes that Holdfast serves. */
const takesRoutes = ({ protocol }: AttachableListener): boolean => protocol === 'HTTP' || protocol === 'HTTPS';

/** A listener without kinds allows those of its protocol. */
function allows(
  listener: AttachableListener,
  { source }: RouteIR,
  { namespace, namespaces }: { namespace: string; namespaces: AttachLookup['namespaces'] },
): boolean {
  const { allowedRoutes } = listener;
  if (!takesRoutes(listener)) return false;
  if (!allowsKind(allowedRoutes.kinds, source.kind)) return false;
  if (allowedRoutes.from === 'Selector') return selects(allowedRoutes.selector, namespaces.get(source.namespace) ?? {});
  return allowedRoutes.from === 'All' || (allowedRoutes.from === 'Same' && source.namespace === namespace);
}

/** Where a user sets the parents and hostnames of a route. */
const fieldsOf = ({ source }: RouteIR): string => (source.workload === undefined ? 'spec' : 'spec.route');

const describe = ({ group, kind, namespace, name }: ParentIR, route: RouteIR): string =>
  `${fieldsOf(route)}.parentRefs: ${group === gatewayApiGroup ? kind : `${group}/${kind}`} ${namespace}/${name}`;

function explainNoListener(parent: ParentIR): string {
  const { sectionName, port } = parent;
  const wanted = [
    ...(sectionName === undefined ? [] : [{ field: 'sectionName', text: `the name ${sectionName}` }]),
    ...(port === undefined ? [] : [{ field: 'port', text: `port ${port}` }]),
  ];
  if (wanted.length === 0) return 'has no listeners: add one.';
  const [texts, fields] = [wanted.map(({ text }) => text), wanted.map(({ field }) => field)];
  return `has no listener with ${texts.join(' and ')}: use what an existing listener has, or remove ${fields.join(' and ')}.`;
}

function explainNotAllowed({ source }: RouteIR, listeners: readonly AttachableListener[]): string {
  if (!listeners.some(takesRoutes)) {
    const protocols = new Set(listeners.map(({ protocol }) => protocol));
    return `has no listener for ${source.kind}s: protocol ${[...protocols].join(', ')} is not supported, use HTTP or HTTPS.`;
  }
  return `allows no ${source.kind} of namespace ${source.namespace}: allow the kind and the namespace in allowedRoutes of a listener.`;
}

const explainNoHostname = (route: RouteIR, listeners: readonly AttachableListener[]): string =>
  `serves ${listeners.map(({ hostname }) => hostname).join(', ')}, which does not overlap with ${fieldsOf(route)}.hostnames: add one of these hostnames, or add a listener.`;

/** A route with many of them must not become a condition of more than 32 KiB. */
const maxProblems = 8;

const explainProblems = ({ problems }: RouteIR): string =>
  [
    ...problems.slice(0, maxProblems).map(({ message }) => message),
    ...(problems.length > maxProblems ? [`${problems.length - maxProblems} more fields are not supported.`] : []),
    'The route is not served.',
  ].join(' ');
