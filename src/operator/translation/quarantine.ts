/**
 * One object that cannot be translated freezes nothing else: it is found by elimination among the objects that have changed, and stays as
 * it was last, or is left out. A failure costs some translations, once for each version of the object; without one nothing is done.
 */
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { isRecord } from '../../platform/record.ts';
import { describeFault, type Fault } from '../gather/faults.ts';

export type Translatable<Result> = { snapshot: Snapshot; result: Result; faults: Fault[] };

/** An object in a list of the snapshot. `id`: list, namespace and name. `before`: as it was last translated. */
type Item = { id: string; list: string; object: object; before: object | undefined };

type Quarantined = Item & { text: string; fault: Fault };

/** `attempt` throws if it cannot translate a snapshot. */
export function createQuarantine<Result>(attempt: (snapshot: Snapshot) => Result) {
  let quarantined: Quarantined[] = [];
  let keep = createKeptLists();

  /** Finds the faulty ones among the items, one half after the other. */
  function search(snapshot: Snapshot, items: readonly Item[]): Quarantined[] {
    const faulty: Quarantined[] = [];
    const isWaiting = new Set(items);
    const admit = (some: readonly Item[]): void => {
      for (const item of some) isWaiting.delete(item);
      try {
        attempt(withhold(snapshot, [...faulty, ...isWaiting]));
      } catch (error) {
        for (const item of some) isWaiting.add(item);
        const [only] = some;
        if (some.length === 1 && only) {
          isWaiting.delete(only);
          faulty.push({ ...only, text: textOf(only.object), fault: faultOf(only, error) });
          return;
        }
        admit(some.slice(0, some.length / 2));
        admit(some.slice(some.length / 2));
      }
    };
    attempt(withhold(snapshot, items));
    admit(items);
    return faulty;
  }

  const resultOf = (snapshot: Snapshot): Translatable<Result> => {
    const translatable = withhold(snapshot, quarantined, keep);
    return { snapshot: translatable, result: attempt(translatable), faults: quarantined.map(({ fault }) => fault) };
  };

  /** Throws if the fault is in no single object that differs from `last`, the last snapshot that was translated. */
  return (snapshot: Snapshot, last: Snapshot | undefined): Translatable<Result> => {
    quarantined = stillQuarantined(quarantined, snapshot);
    if (quarantined.length === 0) keep = createKeptLists();
    try {
      return resultOf(snapshot);
    } catch {
      const changed = changedItems(withhold(snapshot, quarantined), last);
      quarantined = [...quarantined, ...search(withhold(snapshot, quarantined), changed)];
      return resultOf(snapshot);
    }
  };
}

/** A new version of an object is tried again. An equal one is another object after a watch began again, or after its status was written. */
function stillQuarantined(quarantined: Quarantined[], snapshot: Snapshot): Quarantined[] {
  if (quarantined.length === 0) return quarantined;
  const lists = new Map(listsOf(snapshot));
  return quarantined.flatMap((item) => {
    const objects = lists.get(item.list) ?? [];
    if (objects.includes(item.object)) return [item];
    const object = objects.find((one) => idOf(item.list, one) === item.id);
    return object !== undefined && textOf(object) === item.text ? [{ ...item, object }] : [];
  });
}

/** Without what the status that reports the fault changes. */
function textOf(object: object): string {
  if (!('metadata' in object) || !isRecord(object.metadata)) return JSON.stringify(object);
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return JSON.stringify({ ...object, metadata, status: undefined, observed: undefined });
}

/** Makes the list of a kind, without what is withheld of it. */
type MakeList = (list: string, objects: object[], held: ReadonlyMap<object, Item>) => object[];

const makeList: MakeList = (_, objects, held) =>
  objects.flatMap((object) => {
    const item = held.get(object);
    return item === undefined ? [object] : (item.before ?? []);
  });

/** The same list as long as neither the given one nor what is withheld of it changes: the translation looks at what differs only. */
function createKeptLists(): MakeList {
  const known = new Map<string, { given: object[]; items: Item[]; made: object[] }>();
  return (list, given, held) => {
    const items = [...held.values()];
    const before = known.get(list);
    const isSame = before?.given === given && before.items.length === items.length;
    if (isSame && before.items.every((item, at) => item === items[at])) return before.made;
    const made = makeList(list, given, held);
    known.set(list, { given, items, made });
    return made;
  };
}

/** Returns the snapshot with these objects as they were last, or without them. Other lists are the same objects. */
function withhold(snapshot: Snapshot, items: readonly Item[], make: MakeList = makeList): Snapshot {
  if (items.length === 0) return snapshot;
  const held = Map.groupBy(items, ({ list }) => list);
  const lists = listsOf(snapshot).flatMap(([list, objects]) => {
    const own = held.get(list);
    return own ? [[list, make(list, objects, new Map(own.map((item) => [item.object, item])))]] : [];
  });
  return Object.assign({ ...snapshot }, Object.fromEntries(lists));
}

function changedItems(snapshot: Snapshot, last: Snapshot | undefined): Item[] {
  const before = new Map(last ? itemsOf(last).map((item) => [item.id, item.object]) : []);
  const changed = itemsOf(snapshot)
    .filter(({ id, object }) => before.get(id) !== object)
    .map((item) => ({ ...item, before: before.get(item.id) }));
  // Settings come after the Gateways that refer to them: with a fault in them, the Gateways are not the cause.
  return [...changed.filter(({ list }) => list !== settings), ...changed.filter(({ list }) => list === settings)];
}

const settings: keyof Snapshot = 'holdfastProxies';

const listsOf = (snapshot: Snapshot): [string, object[]][] =>
  Object.entries(snapshot).flatMap(([list, objects]) => (Array.isArray(objects) ? [[list, objects as object[]]] : []));

const itemsOf = (snapshot: Snapshot): Item[] =>
  listsOf(snapshot).flatMap(([list, objects]) =>
    objects.map((object) => ({ id: idOf(list, object), list, object, before: undefined })),
  );

type Named = { kind: string; namespace: string; name: string; uid?: string };

/** Objects of an API have their names in their metadata. */
function nameOf(object: object): Named {
  const fields = new Map<string, unknown>(Object.entries(object));
  const metadata = fields.get('metadata');
  const named = isRecord(metadata) ? new Map<string, unknown>(Object.entries(metadata)) : fields;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const uid = text(named.get('uid'));
  return {
    kind: text(fields.get('kind')),
    namespace: text(named.get('namespace')),
    name: text(named.get('name')),
    ...(uid !== '' && { uid }),
  };
}

function idOf(list: string, object: object): string {
  const { kind, namespace, name } = nameOf(object);
  return `${list}/${kind}/${namespace}/${name}`;
}

const kinds: Record<string, string> = {
  workloads: 'StickyWorkload',
  holdfastProxies: 'HoldfastProxy',
  pods: 'Pod',
  services: 'Service',
  slices: 'EndpointSlice',
  gatewayClasses: 'GatewayClass',
  gateways: 'Gateway',
  listenerSets: 'ListenerSet',
  httpRoutes: 'HTTPRoute',
  grpcRoutes: 'GRPCRoute',
  trafficPolicies: 'XBackendTrafficPolicy',
  xBackends: 'XBackend',
  backendTlsPolicies: 'BackendTLSPolicy',
  caBundles: 'ConfigMap',
  referenceGrants: 'ReferenceGrant',
  tlsSecrets: 'Secret',
  namespaces: 'Namespace',
  autoscalers: 'HorizontalPodAutoscaler',
};

function faultOf({ list, object, before }: Item, error: unknown): Fault {
  const named = nameOf(object);
  const kind = kinds[list] ?? (named.kind || list);
  return describeFault({ ...named, kind }, { isKept: before !== undefined, error });
}
