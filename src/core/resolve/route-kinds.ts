/** The kinds of routes that a listener supports. */

export type RouteKind = { group: string; kind: string };

export const isHttpRoute = ({ group, kind }: RouteKind): boolean =>
  group === 'gateway.networking.k8s.io' && kind === 'HTTPRoute';

/** Whether a listener allows routes of a kind; an empty list allows every kind that its protocol supports. */
export const allowsKind = (kinds: readonly RouteKind[], wanted: string): boolean =>
  kinds.length === 0 || kinds.some(({ group, kind }) => group === 'gateway.networking.k8s.io' && kind === wanted);

export const allowsHttpRoutes = (kinds: readonly RouteKind[]): boolean => allowsKind(kinds, 'HTTPRoute');
