/** The kinds of routes that a listener supports. */

export type RouteKind = { group: string; kind: string };

const group = 'gateway.networking.k8s.io';
const supportedKinds = ['HTTPRoute', 'GRPCRoute'] as const;

export const isSupported = (wanted: RouteKind): boolean =>
  wanted.group === group && supportedKinds.some((kind) => kind === wanted.kind);

/** Whether a listener allows routes of a kind; an empty list allows every kind that its protocol supports. */
export const allowsKind = (kinds: readonly RouteKind[], wanted: string): boolean =>
  kinds.length === 0 || kinds.some((one) => one.group === group && one.kind === wanted);

/** Returns the supported kinds among those that a listener allows. */
export const supportedAmong = (kinds: readonly RouteKind[]): RouteKind[] =>
  supportedKinds.filter((kind) => allowsKind(kinds, kind)).map((kind) => ({ group, kind }));
