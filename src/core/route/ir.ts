/** A route with names, defaults and units resolved: one form for every kind of route that is served. */
import type { ServingPlan } from '../resolve/plan.ts';
import type {
  RequestMirror,
  RequestRedirect,
  RouteFilter,
  RouteRetry,
  RouteTimeouts,
  UrlRewrite,
} from '../../wire/route-filters.ts';
import type { RequestMatch } from '../../wire/routing-table.ts';

export type RouteIR = {
  source: RouteSource;
  parents: ParentIR[];
  /** Lower case; empty: every host. */
  hostnames: string[];
  rules: RuleIR[];
  /** What this version does not support: any entry refuses the route, which must not be served without it. */
  problems: RouteProblem[];
};

/**
 * `key`: `namespace/name`. `createdAt`: RFC 3339 in UTC, so that text order is time order. `workload`: the StickyWorkload whose `spec.route` it
 * is; absent: a user wrote it.
 */
export type RouteSource = {
  kind: 'HTTPRoute' | 'GRPCRoute';
  key: string;
  namespace: string;
  name: string;
  uid: string;
  generation: number;
  createdAt: string;
  workload?: ServingPlan;
};

/** `path`: of the field. */
export type RouteProblem = { path: string; reason: 'UnsupportedValue' | 'IncompatibleFilters'; message: string };

/** `ref`: as in the spec: the status repeats it unchanged. */
export type ParentIR = {
  ref: Readonly<Record<string, unknown>>;
  group: string;
  kind: string;
  namespace: string;
  name: string;
  sectionName?: string;
  port?: number;
};

export type RuleIR = {
  /** The same as long as the rule is, whatever is inserted before it. */
  id: string;
  matches: RequestMatch[];
  filters: FilterIR[];
  backendRefs: BackendRefIR[];
  timeouts?: RouteTimeouts;
  retry?: RouteRetry;
  persistence?: PersistenceIR;
};

/** What a rule says itself about its sessions. */
export type PersistenceIR = {
  type: 'Cookie' | 'Header';
  name?: string;
  path?: string;
  lifetimeType: 'Session' | 'Permanent';
  absoluteTimeoutMs?: number;
  idleTimeoutMs?: number;
};

export type FilterIR =
  | Exclude<RouteFilter, RequestMirror | RequestRedirect | UrlRewrite>
  | (Omit<RequestRedirect, 'path'> & { path?: PathModifierIR })
  | (Omit<UrlRewrite, 'path'> & { path?: PathModifierIR })
  | MirrorIR;

/** A prefix that is replaced is that of the match, of which a rule may have several. */
export type PathModifierIR = { type: 'ReplaceFullPath' | 'ReplacePrefixMatch'; value: string };

export type MirrorIR = Omit<RequestMirror, 'backend'> & { target: BackendTarget };

/** `at`: path of the reference in the spec. `group`: empty for the core group. */
export type BackendTarget = {
  at: string;
  group: string;
  kind: string;
  namespace: string;
  name: string;
  port?: number;
};

export type BackendRefIR = { target: BackendTarget; weight: number; filters: FilterIR[] };
