/** What every part of the API server uses. */
import type { KubeObject, ObjectRef } from '../../../src/kube/ports.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { type AddressRange, parseRange } from '../network/address-range.ts';
import { StatusError } from '../status-error.ts';
import { createStore, type Store } from '../store/store.ts';
import { detailsOf, type Kind, qualifiedPlural } from './kinds/kind.ts';
import { createRegistry, type Registry } from './kinds/registry.ts';
import { createTokens, type Tokens, type User } from './tokens.ts';

export type Cluster = {
  store: Store;
  registry: Registry;
  clock: Clock;
  tokens: Tokens;
  /** Addresses of Services. */
  serviceRange: AddressRange;
  /** Whether objects can be created in existing namespaces only (admission plugin NamespaceLifecycle). */
  checksNamespaces: boolean;
};

export type ClusterOptions = {
  clock: Clock;
  /** A block of 127.0.0.0/8. */
  serviceCidr?: string | undefined;
  /** The number of changes of each kind from which watches can resume. */
  historyLimit?: number | undefined;
  /** Kinds that need no stored definition: the built-in ones by default. */
  kinds?: readonly Kind[];
  checksNamespaces?: boolean;
};

export function createCluster({ clock, kinds, checksNamespaces = true, ...options }: ClusterOptions): Cluster {
  const store = createStore(options.historyLimit);
  return {
    store,
    clock,
    registry: createRegistry(store, kinds),
    tokens: createTokens({ store, clock }),
    serviceRange: parseRange(options.serviceCidr ?? '127.96.0.0/12'),
    checksNamespaces,
  };
}

/** The options of a write. */
export type WriteRequest = {
  user: User;
  /** Field manager. */
  manager: string;
  dryRun: boolean;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** Sends a warning with the response. */
  warn: (text: string) => void;
};

/** Go's format of times: without milliseconds. */
export const isoSeconds = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');

export function getObject({ store }: Cluster, kind: Kind, ref: ObjectRef): KubeObject {
  const stored = store.get(kind.shelf, ref);
  if (stored === undefined) throw notFound(kind, ref.name);
  return kind.fromStored(stored);
}

export const notFound = (kind: Kind, name: string): StatusError =>
  new StatusError('NotFound', `${qualifiedPlural(kind)} "${name}" not found`, detailsOf(kind, name));

const outdated = 'the object has been modified; please apply your changes to the latest version and try again';

export const conflict = (kind: Kind, name: string, reason = outdated): StatusError =>
  new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedPlural(kind)} "${name}": ${reason}`,
    detailsOf(kind, name),
  );
