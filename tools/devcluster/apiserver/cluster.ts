/** What every part of the API server works with. */
import type { KubeObject, ObjectRef } from '../../../src/kube/ports.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import type { AddressRange } from '../network/address-range.ts';
import { StatusError } from '../status-error.ts';
import type { Store } from '../store/store.ts';
import { detailsOf, type Kind, qualifiedPlural } from './kinds/kind.ts';
import type { Registry } from './kinds/registry.ts';
import type { Tokens, User } from './tokens.ts';

export type Cluster = {
  store: Store;
  registry: Registry;
  clock: Clock;
  tokens: Tokens;
  /** Addresses of Services. */
  serviceRange: AddressRange;
};

/** How a write is to be done. */
export type WriteRequest = {
  user: User;
  /** Field manager. */
  manager: string;
  dryRun: boolean;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** What the client is to be told besides the answer. */
  warn: (text: string) => void;
};

/** Go's format of times: no milliseconds. */
export const isoSeconds = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');

export function getObject({ store }: Cluster, kind: Kind, ref: ObjectRef): KubeObject {
  const stored = store.get(kind.shelf, ref);
  if (stored === undefined) throw notFound(kind, ref.name);
  return kind.fromStored(stored);
}

export const notFound = (kind: Kind, name: string): StatusError =>
  new StatusError('NotFound', `${qualifiedPlural(kind)} "${name}" not found`, detailsOf(kind, name));

const outdated = 'the object has been modified; please apply your changes to the latest version and try again';

export const conflict = (kind: Kind, name: string, why = outdated): StatusError =>
  new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedPlural(kind)} "${name}": ${why}`,
    detailsOf(kind, name),
  );
