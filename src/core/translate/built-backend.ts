/** A backend with what it was built from: the next translation builds only what has changed. */
import type { ServingPlan } from '../resolve/plan.ts';
import type { ServiceTarget } from '../route/resolve-refs.ts';
import type { ServicePort } from '../snapshot/snapshot.ts';
import type { Backend, BackendProtocol } from '../../wire/routing-table.ts';
import { sameJson } from '../../wire/same-json.ts';
import type { Derived } from './endpoints.ts';
import type { SessionSource } from './session-sources.ts';

/** `key`: that of the StickyWorkload, or of a Service in a rule of a route. `service`: whose slices count. `port`: see `Reach`. */
export type HeldBackend = {
  key: string;
  plan: ServingPlan;
  service: string | undefined;
  port?: ServicePort;
  protocol?: BackendProtocol;
  sessions: SessionSource;
};

/** `sessions`: absent for a backend that is balanced without. */
export type ServiceBackend = { key: string; target: ServiceTarget; sessions?: SessionSource };

export type BuiltBackend = {
  backend: Backend;
  of: HeldBackend | ServiceBackend;
  /** Everything that it was built from, other than pods and slices. */
  builtFrom: readonly unknown[];
  derived: Derived;
};

/** How to build a backend. */
type Steps = Pick<BuiltBackend, 'of' | 'builtFrom'> & {
  /** The UIDs of the endpoints that may differ from those before; undefined: all. */
  touched: (before: Derived) => ReadonlySet<string> | undefined;
  derive: () => Derived;
  update: (before: Derived, uids: ReadonlySet<string>) => Derived;
  /** Everything but the endpoints. */
  head: () => Omit<Backend, 'endpoints' | 'removedEndpoints'>;
};

/** `before`: as it was in an earlier translation. An equal backend stays the same object. */
export function buildFrom({ of, builtFrom, ...steps }: Steps, before: BuiltBackend | undefined): BuiltBackend {
  const known = before && isSame(before.builtFrom, builtFrom) ? before : undefined;
  const uids = known && steps.touched(known.derived);
  if (known && uids?.size === 0) return known;
  const derived = known && uids ? steps.update(known.derived, uids) : steps.derive();
  const { endpoints, removedEndpoints } = derived;
  const backend = { ...steps.head(), endpoints, removedEndpoints };
  return { backend: before && sameJson(before.backend, backend) ? before.backend : backend, of, builtFrom, derived };
}

const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => item === other[at]);
