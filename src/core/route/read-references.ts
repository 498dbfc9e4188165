/** The references of every kind of route, with Gateway API's defaults. */
import { gatewayApiGroup } from '../names/names.ts';
import type { BackendReference, RouteParentRef } from '../snapshot/http-route.ts';
import type { BackendTarget, ParentIR } from './ir.ts';

export const readParent = (ref: RouteParentRef, routeNamespace: string): ParentIR => ({
  ref,
  group: ref.group ?? gatewayApiGroup,
  kind: ref.kind ?? 'Gateway',
  namespace: ref.namespace ?? routeNamespace,
  name: ref.name,
  ...(ref.sectionName !== undefined && { sectionName: ref.sectionName }),
  ...(ref.port !== undefined && { port: ref.port }),
});

/** Returns what a backendRef refers to, with Gateway API's defaults. */
export const readTarget = (
  { group = '', kind = 'Service', namespace, name, port }: BackendReference,
  { at, namespace: routeNamespace }: { at: string; namespace: string },
): BackendTarget => ({
  at,
  group,
  kind,
  namespace: namespace ?? routeNamespace,
  name,
  ...(port !== undefined && { port }),
});
