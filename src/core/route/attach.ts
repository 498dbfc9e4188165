/**
 * Gateway API's rules of attachment: to which listeners of each parent a route attaches, or why to none. A listener counts whatever its
 * health: a route is attached, and counted, while the certificate of its listener is missing.
 */
import { gatewayApiGroup } from '../names/names.ts';
import { selects } from '../resolve/label-selector.ts';
import type { GatewayRef } from '../resolve/plan.ts';
import { allowsKind } from '../resolve/route-kinds.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import type { ParentIR, RouteIR } from './ir.ts';
import { parentKey, type AttachableListener, type ParentObject, type ParentObjects } from './parent-objects.ts';

/** `listeners`: ids of the listeners that accept the route. */
export type AttachedTo = { kind: 'attached'; parent: ParentIR; gateway: GatewayRef; listeners: string[] };
export type RefusedBy = { kind: 'refused'; parent: ParentIR; reason: RefusalReason; message: string };
export type AttachVerdict = AttachedTo | RefusedBy;

type RefusalReason =
  | 'NoMatchingParent'
  | 'NotAllowedByListeners'
  | 'NoMatchingListenerHostname'
  | 'UnsupportedValue'
  | 'IncompatibleFilters';

export type AttachLookup = {
  parents: ParentObjects;
  /** Labels by name of the namespace. */
  namespaces: ReadonlyMap<string, Record<string, string>>;
};

/** Returns a verdict for each parent that Holdfast manages, in the order of the spec: the others are not its to judge. */
export const judgeParents = (route: RouteIR, lookup: AttachLookup): AttachVerdict[] =>
  route.parents.flatMap((parent) => {
    const object = lookup.parents.get(parentKey(parent));
    return object === undefined ? [] : [judgeParent(parent, object, { route, lookup })];
  });

function judgeParent(
  parent: ParentIR,
  { gateway, namespace, listeners }: ParentObject,
  { route, lookup }: { route: RouteIR; lookup: AttachLookup },
): AttachVerdict {
  const refuse = (reason: RefusalReason, message: string): RefusedBy => ({ kind: 'refused', parent, reason, message });
  const named = listeners.filter((listener) => isNamed(listener, parent));
  if (named.length === 0) return refuse('NoMatchingParent', explainNoListener(parent));
  const allowed = named.filter((listener) => allows(listener, route, { namespace, namespaces: lookup.namespaces }));
  if (allowed.length === 0) return refuse('NotAllowedByListeners', explainNotAllowed(parent, route));
  const matching = allowed.filter(({ hostname }) => intersectHostnames(route.hostnames, hostname) !== undefined);
  if (matching.length === 0) return refuse('NoMatchingListenerHostname', explainNoHostname(parent, allowed));
  const [problem] = route.problems;
  if (problem !== undefined) return refuse(problem.reason, explainProblems(route));
  return { kind: 'attached', parent, gateway, listeners: matching.map(({ id }) => id) };
}

const isNamed = ({ name, port }: AttachableListener, parent: ParentIR): boolean =>
  (parent.sectionName === undefined || parent.sectionName === name) &&
  (parent.port === undefined || parent.port === port);

/** A listener without kinds allows those of its protocol; only HTTP and HTTPS have routes that Holdfast serves. */
function allows(
  { protocol, allowedRoutes }: AttachableListener,
  { source }: RouteIR,
  { namespace, namespaces }: { namespace: string; namespaces: AttachLookup['namespaces'] },
): boolean {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') return false;
  if (!allowsKind(allowedRoutes.kinds, source.kind)) return false;
  if (allowedRoutes.from === 'Selector') return selects(allowedRoutes.selector, namespaces.get(source.namespace) ?? {});
  return allowedRoutes.from === 'All' || (allowedRoutes.from === 'Same' && source.namespace === namespace);
}

const describe = ({ group, kind, namespace, name }: ParentIR): string =>
  `spec.parentRefs: ${group === gatewayApiGroup ? kind : `${group}/${kind}`} ${namespace}/${name}`;

function explainNoListener(parent: ParentIR): string {
  const { sectionName, port } = parent;
  const wanted = [
    ...(sectionName === undefined ? [] : [`the name ${sectionName}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
  ];
  return wanted.length === 0
    ? `${describe(parent)} has no listeners: add one.`
    : `${describe(parent)} has no listener with ${wanted.join(' and ')}: use those of an existing listener, or remove sectionName and port.`;
}

const explainNotAllowed = (parent: ParentIR, { source }: RouteIR): string =>
  `${describe(parent)} allows no ${source.kind} of namespace ${source.namespace}: set allowedRoutes of a listener accordingly.`;

const explainNoHostname = (parent: ParentIR, listeners: readonly AttachableListener[]): string =>
  `${describe(parent)} serves ${listeners.map(({ hostname }) => hostname).join(', ')}, which does not overlap with spec.hostnames: add one of these hostnames, or add a listener.`;

/** A route with many of them must not become a condition of more than 32 KiB. */
const maxProblems = 8;

const explainProblems = ({ problems }: RouteIR): string =>
  [
    ...problems.slice(0, maxProblems).map(({ message }) => message),
    ...(problems.length > maxProblems ? [`${problems.length - maxProblems} more fields are not supported.`] : []),
    'The route is not served.',
  ].join(' ');
