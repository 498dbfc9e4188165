/** What the cluster state comes to: the verdicts on its objects, and the routing tables. */
import type { Accept } from '../resolve/accept.ts';
import type { GatewayPlan } from '../resolve/gateway-plan.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { ParametersLookup } from '../resolve/proxy-parameters.ts';
import type { RetiredGateway } from '../resolve/retired-gateways.ts';
import type { Shadow } from '../resolve/shadowed.ts';
import type { WorkloadIndex } from '../resolve/workload-index.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { JudgedPolicy } from '../route/judge-policies.ts';
import type { JudgedXBackend } from '../route/judge-x-backends.ts';
import type { WorkloadRoute } from '../route/shortfall.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';
import type { BackendTlsPolicies } from '../backend-tls/judge-policies.ts';
import type { BuiltBackend } from './built-backend.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { LeftBackends } from './left-backends.ts';
import type { RouteVerdicts } from './settle-routes.ts';

export type Translation = {
  /** By `namespace/name` of the Gateway. */
  tables: Record<string, RoutingTable>;
  /** By `namespace/name` of the StickyWorkload. */
  accepts: Record<string, Accept>;
  /** Of those that are served, likewise. */
  plans: ReadonlyMap<string, ServingPlan>;
  /** By `namespace/name` of the Gateway. */
  gateways: Record<string, GatewayPlan>;
  /** Gateways that are gone while proxies of theirs still run, likewise. */
  retired: ReadonlyMap<string, RetiredGateway>;
  parameters: ParametersLookup;
  /** Those of StickyWorkloads, by `namespace/name`. */
  routes: Record<string, WorkloadRoute>;
  /** The HTTPRoutes of users, by `namespace/name`. */
  httpRoutes: ReadonlyMap<string, JudgedRoute>;
  /** The routes that receive requests in place of users' routes, by `HTTPRoute/namespace/name`, and by key of the Gateway. */
  routeShadows: ReadonlyMap<string, ReadonlyMap<string, Shadow>>;
  /** Likewise. */
  grpcRoutes: ReadonlyMap<string, JudgedRoute>;
  /** The verdicts on both kinds before it was settled which of them has which host, for the next translation. */
  unsettled: Pick<RouteVerdicts, 'httpRoutes' | 'grpcRoutes'>;
  backendTls: BackendTlsPolicies;
  /** The XBackendTrafficPolicies, by `namespace/name`. */
  policies: ReadonlyMap<string, JudgedPolicy>;
  /** By `namespace/name`. */
  xBackends: ReadonlyMap<string, JudgedXBackend>;
  /** By `namespace/name` of each StickyWorkload that is served and has keys. */
  backends: Record<string, Backend>;
  /** Keys of the Gateways whose routes lead to the pods of a StickyWorkload, by its key. */
  gatewaysByBackend: ReadonlyMap<string, string[]>;
  /** StickyWorkloads to whose pods a Gateway leads no more, while its proxies may have sessions there. */
  left: LeftBackends;
  /** The backends with what they were built from, and the cluster state, for the next translation. */
  built: ReadonlyMap<string, BuiltBackend>;
  snapshot: Snapshot;
  /** The indexes that all of this was derived from. */
  workloads: WorkloadIndex;
  index: ClusterIndex;
};
