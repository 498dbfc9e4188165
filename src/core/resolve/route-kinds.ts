/** The kinds of routes that a listener supports. */

export type RouteKind = { group: string; kind: string };

export const isHttpRoute = ({ group, kind }: RouteKind): boolean =>
  group === 'gateway.networking.k8s.io' && kind === 'HTTPRoute';

/** Whether a listener allows HTTPRoutes; an empty list allows every kind that its protocol supports. */
export const allowsHttpRoutes = (kinds: readonly RouteKind[]): boolean => kinds.length === 0 || kinds.some(isHttpRoute);
