/** What has changed in the caches, as far as a translation does not show it: an edit of an object that Holdfast owns, or of a status. */
import type { KubeObject } from '../../kube/ports.ts';
import { definitionCaches } from '../gather/installed-kinds.ts';
import type { CacheName } from '../gather/watched.ts';
import { statusKeys } from './work-keys.ts';

export type Changes = {
  /** Whether anything may be affected. */
  everything: boolean;
  /** Keys of the work on the changed objects. */
  own: Set<string>;
  /** `namespace/name` of changed objects that may be those of a StickyWorkload or of proxies. */
  owned: Set<string>;
};

export const noChanges = (): Changes => ({ everything: false, own: new Set(), owned: new Set() });

/** Before the first translation that is followed. */
export const allChanges = (): Changes => ({ ...noChanges(), everything: true });

/** Damaged keys look like missing ones in a translation. Which kinds are read decides what can be written. */
const everywhere: ReadonlySet<CacheName> = new Set<CacheName>(['masterKeys', ...definitionCaches]);

const withStatus: ReadonlySet<CacheName> = new Set<CacheName>([
  'workloads',
  'holdfastProxies',
  'gatewayClasses',
  'gateways',
  'listenerSets',
  'httpRoutes',
  'grpcRoutes',
  'trafficPolicies',
  'xBackends',
  'backendTlsPolicies',
]);

const owned: ReadonlySet<CacheName> = new Set<CacheName>([
  'services',
  'deployments',
  'serviceAccounts',
  'podDisruptionBudgets',
  'autoscalers',
]);

export function addChange(changes: Changes, name: CacheName, object: KubeObject): void {
  if (everywhere.has(name)) changes.everything = true;
  if (withStatus.has(name)) for (const key of statusKeys(object)) changes.own.add(key);
  const { namespace = '', name: called } = object.metadata;
  if (owned.has(name)) changes.owned.add(`${namespace}/${called}`);
}
