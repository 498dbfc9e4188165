/** What makes one table another: the resources that are new or differ, those that are gone, and the entries of endpoints that changed. */
import type { Endpoint, RemovedEndpoint, Route, RoutingTable } from './routing-table.ts';
import {
  namesOf,
  resourceId,
  splitBackend,
  splitTable,
  type EndpointSet,
  type Resource,
  type ResourceOf,
  type ResourceType,
} from './resources.ts';
import { diffItems } from './diff-items.ts';
import { sameEndpoint } from './same-endpoint.ts';
import { sameJson } from './same-json.ts';

/** Absent lists are empty. */
export type TableDelta = {
  set?: VersionedResource[];
  /** Ids of resources that are gone. */
  remove?: string[];
  endpoints?: EndpointsPatch[];
  order?: OrderPatch;
};

/** `version`: equal content has the same one, on every replica of the operator. */
export type VersionedResource = Resource & { version: string };

/** Of the endpoints of one backend. `from`: the version to which it applies. Absent lists are empty. */
export type EndpointsPatch = {
  backend: string;
  from: string;
  version: string;
  set?: Endpoint[];
  /** UIDs. */
  remove?: string[];
  /** Entries of `removedEndpoints`, which are new or gone (by id). */
  bury?: RemovedEndpoint[];
  forget?: string[];
};

/** Of the order of the routes: at this place so many names are removed, and these inserted. */
export type OrderPatch = { from: string; version: string; at: number; remove: number; insert: string[] };

export interface Versions {
  of(resource: Resource): string;
  /** As `of`, for endpoints of which only these differ from `before`: costs as much as these. */
  ofPatched(before: EndpointSet, after: EndpointSet, changed: { gone: Endpoint[]; come: Endpoint[] }): string;
}

/** What a proxy needs that has these resources, by id: their versions. */
export function deltaFor(have: Readonly<Record<string, string>>, table: RoutingTable, versions: Versions): TableDelta {
  const resources = splitTable(table).map((resource) => ({ ...resource, version: versions.of(resource) }));
  const ids = new Set(resources.map(({ type, name }) => resourceId(type, name)));
  return compact({
    set: resources.filter(({ type, name, version }) => have[resourceId(type, name)] !== version),
    remove: Object.keys(have).filter((id) => !ids.has(id)),
    endpoints: [],
  });
}

/** Parts that are the same object in both tables cost nothing. */
export function diffTables(from: RoutingTable, to: RoutingTable, versions: Versions): TableDelta {
  const delta: Delta = { set: [], remove: [], endpoints: [] };
  const add = (resource: Resource) => {
    delta.set.push({ ...resource, version: versions.of(resource) });
  };
  if (!sameJson(from.gateway, to.gateway)) add({ type: 'gateway', name: '', value: to.gateway });
  if (!sameJson(from.listeners, to.listeners)) add({ type: 'listeners', name: '', value: to.listeners });
  if (!sameJson(from.proxy, to.proxy)) {
    if (to.proxy) add({ type: 'proxy', name: '', value: to.proxy });
    else delta.remove.push('proxy');
  }
  diffEntries(from.certificates ?? {}, to.certificates ?? {}, {
    type: 'certificate',
    delta,
    onChange: (name, value) => {
      add({ type: 'certificate', name, value });
    },
  });
  if (from.routes !== to.routes) diffRoutes(from, to, { delta, versions, add });
  diffBackends(from, to, { delta, versions, add });
  return compact(delta);
}

type Delta = Required<Omit<TableDelta, 'order'>> & Pick<TableDelta, 'order'>;
type Building = { delta: Delta; versions: Versions; add: (resource: Resource) => void };

function compact({ set, remove, endpoints, order }: Delta): TableDelta {
  return {
    ...(set.length > 0 && { set }),
    ...(remove.length > 0 && { remove }),
    ...(endpoints.length > 0 && { endpoints }),
    ...(order && { order }),
  };
}

type EntryChanges<T> = { type: ResourceType; delta: Delta; onChange: (name: string, value: T) => void };

function diffEntries<T>(
  from: Record<string, T | undefined>,
  to: Record<string, T | undefined>,
  { type, delta, onChange }: EntryChanges<T>,
): void {
  for (const name in to) {
    const value = to[name];
    if (value !== undefined && !sameJson(from[name], value)) onChange(name, value);
  }
  for (const name in from) if (!(name in to)) delta.remove.push(resourceId(type, name));
}

/** By place where the names are the same in both, which is nearly everywhere; by name between. */
function diffRoutes(from: RoutingTable, to: RoutingTable, { delta, versions, add }: Building): void {
  const [before, after] = [namesOf(from.routes), namesOf(to.routes)];
  const order = diffOrder(before, after);
  const onChange = (name: string, value: Route) => {
    add({ type: 'route', name, value });
  };
  const { at, remove, insert } = order ?? { at: before.length, remove: 0, insert: [] };
  const shift = insert.length - remove;
  for (const [index, value] of to.routes.entries()) {
    if (index >= at && index < at + insert.length) continue;
    const known = from.routes[index < at ? index : index - shift];
    if (known !== value && !sameJson(known, value)) onChange(after[index] ?? '', value);
  }
  if (order === undefined) return;
  const byName = (names: string[], { routes }: RoutingTable, length: number) =>
    Object.fromEntries(names.slice(at, at + length).map((name, index) => [name, routes[at + index]]));
  const [gone, come] = [byName(before, from, remove), byName(after, to, insert.length)];
  diffEntries<Route>(gone, come, { type: 'route', delta, onChange });
  const version = (value: string[]) => versions.of({ type: 'order', name: '', value });
  delta.order = { from: version(before), version: version(after), ...order };
}

/** Between the beginning and the end that are equal. */
function diffOrder(before: string[], after: string[]): Omit<OrderPatch, 'from' | 'version'> | undefined {
  const shorter = Math.min(before.length, after.length);
  let at = 0;
  while (at < shorter && before[at] === after[at]) at += 1;
  if (at === before.length && at === after.length) return undefined;
  let end = 0;
  while (end < shorter - at && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { at, remove: before.length - at - end, insert: after.slice(at, after.length - end) };
}

function diffBackends(from: RoutingTable, to: RoutingTable, { delta, versions, add }: Building): void {
  for (const [key, backend] of Object.entries(to.backends)) {
    const known = from.backends[key];
    if (known === backend) continue;
    const [config, endpoints] = splitBackend(key, backend);
    if (known === undefined) {
      add(config);
      add(endpoints);
      continue;
    }
    const [knownConfig, knownEndpoints] = splitBackend(key, known);
    if (!sameJson(knownConfig.value, config.value)) add(config);
    const patch = diffEndpoints(knownEndpoints, endpoints, versions);
    if (patch) delta.endpoints.push(patch);
  }
  for (const key in from.backends) {
    if (!(key in to.backends)) delta.remove.push(resourceId('backend', key), resourceId('endpoints', key));
  }
}

function diffEndpoints(
  from: ResourceOf<'endpoints'>,
  to: ResourceOf<'endpoints'>,
  versions: Versions,
): EndpointsPatch | undefined {
  const [before, after] = [from.value, to.value];
  const live = diffItems(before.endpoints, after.endpoints, { keyOf: ({ uid }) => uid, isSame: sameEndpoint });
  const dead = diffItems(before.removedEndpoints, after.removedEndpoints, { keyOf: ({ id }) => id, isSame: sameJson });
  if (live.come.length + live.gone.length + dead.come.length + dead.gone.length === 0) return undefined;
  const isReplaced = new Set(live.come.map(({ uid }) => uid));
  const remove = live.gone.filter(({ uid }) => !isReplaced.has(uid)).map(({ uid }) => uid);
  const isReburied = new Set(dead.come.map(({ id }) => id));
  const forget = dead.gone.filter(({ id }) => !isReburied.has(id)).map(({ id }) => id);
  return {
    backend: from.name,
    from: versions.of(from),
    version: versions.ofPatched(before, after, live),
    ...(live.come.length > 0 && { set: live.come }),
    ...(remove.length > 0 && { remove }),
    ...(dead.come.length > 0 && { bury: dead.come }),
    ...(forget.length > 0 && { forget }),
  };
}
