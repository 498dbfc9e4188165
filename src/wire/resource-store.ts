/** The resources that one replica of the operator has sent, joined to a table. Of one stream; it is changed in place, its tables are not. */
import { resourceId, type BackendConfig, type EndpointSet, type Resource } from './resources.ts';
import type { Backend, Certificate, Endpoint, Route, RoutingTable } from './routing-table.ts';
import type { EndpointsPatch, OrderPatch, TableDelta } from './table-delta.ts';

export interface ResourceStore {
  /** Returns the ids of resources that it could not change, because it had other versions of them: they must be sent whole. */
  apply(delta: TableDelta): string[];
  /** Undefined until there is one. Parts that a delta did not name are the same objects as before. */
  table(): RoutingTable | undefined;
  /** The versions of all resources by id. */
  versions(): Record<string, string>;
  /** Another store with the same content. */
  fork(): ResourceStore;
}

/** `singles`: the resources of which there is only one. */
type Content = {
  versions: Map<string, string>;
  order: string[];
  routes: Map<string, Route>;
  configs: Map<string, BackendConfig>;
  endpoints: Map<string, EndpointSet>;
  certificates: Map<string, Certificate>;
  table: Partial<RoutingTable> & Pick<RoutingTable, 'routes' | 'backends'>;
};

/** What of the table must be joined again. */
type Touched = { routes: boolean; certificates: boolean; backends: Set<string> };

export const createResourceStore = (): ResourceStore =>
  storeOf({
    versions: new Map(),
    order: [],
    routes: new Map(),
    configs: new Map(),
    endpoints: new Map(),
    certificates: new Map(),
    table: { routes: [], backends: {} },
  });

function storeOf(content: Content): ResourceStore {
  return {
    apply(delta) {
      const touched: Touched = { routes: false, certificates: false, backends: new Set() };
      for (const id of delta.remove ?? []) removeResource(content, id, touched);
      for (const { version, ...resource } of delta.set ?? []) {
        content.versions.set(resourceId(resource.type, resource.name), version);
        setResource(content, resource, touched);
      }
      const failed = (delta.endpoints ?? []).filter((patch) => !patchEndpoints(content, patch, touched));
      const ids = failed.map(({ backend }) => resourceId('endpoints', backend));
      if (delta.order && !patchOrder(content, delta.order, touched)) ids.push('order');
      // Then the next hello asks for them.
      for (const id of ids) content.versions.delete(id);
      join(content, touched);
      return ids;
    },
    table: () => (isComplete(content.table) ? content.table : undefined),
    versions: () => Object.fromEntries(content.versions),
    fork: () =>
      storeOf({
        versions: new Map(content.versions),
        order: content.order,
        routes: new Map(content.routes),
        configs: new Map(content.configs),
        endpoints: new Map(content.endpoints),
        certificates: new Map(content.certificates),
        table: content.table,
      }),
  };
}

const isComplete = (table: Content['table']): table is RoutingTable =>
  table.gateway !== undefined && table.listeners !== undefined;

function setResource(content: Content, resource: Resource, touched: Touched): void {
  const { name } = resource;
  switch (resource.type) {
    case 'gateway':
    case 'proxy':
    case 'listeners':
      content.table = { ...content.table, [resource.type]: resource.value };
      return;
    case 'order':
      content.order = resource.value;
      touched.routes = true;
      return;
    case 'route':
      content.routes.set(name, resource.value);
      touched.routes = true;
      return;
    case 'backend':
      content.configs.set(name, resource.value);
      touched.backends.add(name);
      return;
    case 'endpoints':
      content.endpoints.set(name, sorted(resource.value));
      touched.backends.add(name);
      return;
    case 'certificate':
      content.certificates.set(name, resource.value);
      touched.certificates = true;
  }
}

function removeResource(content: Content, id: string, touched: Touched): void {
  content.versions.delete(id);
  const slash = id.indexOf('/');
  const [type, name] = slash === -1 ? [id, ''] : [id.slice(0, slash), id.slice(slash + 1)];
  if (type === 'proxy') delete (content.table = { ...content.table }).proxy;
  if (type === 'route') touched.routes = content.routes.delete(name) || touched.routes;
  if (type === 'certificate') touched.certificates = content.certificates.delete(name) || touched.certificates;
  if (type === 'backend' && content.configs.delete(name)) touched.backends.add(name);
  if (type === 'endpoints' && content.endpoints.delete(name)) touched.backends.add(name);
}

function patchEndpoints(content: Content, patch: EndpointsPatch, touched: Touched): boolean {
  const { backend, from, version, set = [], remove = [], bury = [], forget = [] } = patch;
  const id = resourceId('endpoints', backend);
  const known = content.endpoints.get(backend);
  if (known === undefined || content.versions.get(id) !== from) return false;
  const isNoLongerBuried = new Set([...forget, ...bury.map((one) => one.id)]);
  content.versions.set(id, version);
  content.endpoints.set(backend, {
    endpoints: patchSorted(known.endpoints, set, remove),
    removedEndpoints:
      isNoLongerBuried.size === 0
        ? known.removedEndpoints
        : [...bury, ...known.removedEndpoints.filter((one) => !isNoLongerBuried.has(one.id))],
  });
  touched.backends.add(backend);
  return true;
}

function patchOrder(content: Content, { from, version, at, remove, insert }: OrderPatch, touched: Touched): boolean {
  if (content.versions.get('order') !== from) return false;
  content.versions.set('order', version);
  content.order = content.order.toSpliced(at, remove, ...insert);
  touched.routes = true;
  return true;
}

function join(content: Content, { routes, certificates, backends }: Touched): void {
  if (!routes && !certificates && backends.size === 0) return;
  content.table = {
    ...content.table,
    ...(routes && { routes: content.order.flatMap((name) => content.routes.get(name) ?? []) }),
    ...(certificates && { certificates: Object.fromEntries(content.certificates) }),
    ...(backends.size > 0 && { backends: joinBackends(content, backends) }),
  };
}

/** A backend whose configuration was refused does not exist; one whose endpoints were refused has none. */
function joinBackends({ table, configs, endpoints }: Content, touched: Set<string>): Record<string, Backend> {
  const backends = { ...table.backends };
  for (const key of touched) {
    const config = configs.get(key);
    if (config === undefined) delete backends[key];
    else backends[key] = { ...config, ...(endpoints.get(key) ?? { endpoints: [], removedEndpoints: [] }) };
  }
  return backends;
}

const byUid = (one: { uid: string }, other: { uid: string }): number =>
  one.uid < other.uid ? -1 : Number(one.uid > other.uid);

const sorted = ({ endpoints, removedEndpoints }: EndpointSet): EndpointSet => ({
  endpoints: endpoints.toSorted(byUid),
  removedEndpoints,
});

/** Costs a search for each change, and a copy of the list: not one of its entries is looked at otherwise. */
function patchSorted(list: readonly Endpoint[], set: readonly Endpoint[], remove: readonly string[]): Endpoint[] {
  const changes: { uid: string; endpoint?: Endpoint }[] = [
    ...set.map((endpoint) => ({ uid: endpoint.uid, endpoint })),
    ...remove.map((uid) => ({ uid })),
  ].toSorted(byUid);
  const result: Endpoint[] = [];
  let from = 0;
  for (const { uid, endpoint } of changes) {
    const at = placeOf(uid, list, from);
    for (const kept of list.slice(from, at)) result.push(kept);
    if (endpoint) result.push(endpoint);
    from = list[at]?.uid === uid ? at + 1 : at;
  }
  return result.concat(list.slice(from));
}

/** The index of the first entry whose UID is not before this one. */
function placeOf(uid: string, list: readonly Endpoint[], from: number): number {
  let [low, high] = [from, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.uid ?? '') < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}
