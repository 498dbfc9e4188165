/** The Gateways that Holdfast manages, and which of their listeners it can serve. */
import { resolveClientCertificate, type ClientCertificate } from '../backend-tls/client-certificate.ts';
import { judgeListeners } from '../listener/judge-listeners.ts';
import { findSetRefusal, indexListenerSets, type JudgedListenerSet } from '../listener/listener-sets.ts';
import type { JudgedListener, ListenerSource } from '../listener/listener.ts';
import type { RefLookup } from '../listener/resolve-refs.ts';
import { controllerName } from '../names/names.ts';
import type { Gateway, ListenerSet, Snapshot } from '../snapshot/snapshot.ts';
import { gatewayKey, type GatewayRef } from './plan.ts';

/** A user-managed Gateway whose class Holdfast controls. */
export type ServedGateway = {
  ref: GatewayRef;
  object: Gateway;
  /** Its own, without those of its ListenerSets. */
  listeners: JudgedListener[];
  /** Absent if its proxies present none to pods. */
  clientCertificate?: ClientCertificate;
  /** In the order in which they precede each other. Absent if their definition is not installed. */
  sets?: JudgedListenerSet[];
};

export type GatewayIndex = {
  served: ReadonlyMap<string, ServedGateway>;
  /** GatewayClass names, by `namespace/name` of Gateways that other controllers manage. */
  foreign: ReadonlyMap<string, string>;
};

type GatewayInputs = Pick<Snapshot, 'gateways' | 'gatewayClasses' | 'workloads'> & LookupInputs;
type LookupInputs = Pick<
  Snapshot,
  'referenceGrants' | 'tlsSecrets' | 'refusedSecrets' | 'caBundles' | 'listenerSets' | 'namespaces'
>;

/**
 * All user-managed Gateways, by whether Holdfast controls their class. Generated Gateways are in neither map: they are derived from
 * the StickyWorkloads that need them, so that a Gateway whose last StickyWorkload was deleted is not kept alive by its own proxy.
 */
export function indexGateways(snapshot: GatewayInputs): GatewayIndex {
  const { gateways, gatewayClasses, workloads } = snapshot;
  const ourClasses = new Set(
    gatewayClasses.filter((one) => one.controllerName === controllerName).map(({ name }) => name),
  );
  const workloadUids = new Set(workloads.map(({ metadata }) => metadata.uid));
  const userManaged = gateways.filter(
    ({ component, ownerUids }) => component !== 'gateway' && !ownerUids.some((uid) => workloadUids.has(uid)),
  );
  const [ours, others] = partition(userManaged, ({ className }) => ourClasses.has(className));
  const lookup = lookupOf(snapshot);
  return {
    served: new Map(ours.map((gateway) => [gatewayKey(gateway), judgeGatewaySpec(gateway, lookup)])),
    foreign: new Map(others.map((gateway) => [gatewayKey(gateway), gateway.className])),
  };
}

const partition = <T>(list: readonly T[], fits: (item: T) => boolean): [T[], T[]] => [
  list.filter((item) => fits(item)),
  list.filter((item) => !fits(item)),
];

type Lookup = {
  refs: RefLookup;
  /** By the Gateway of their parentRef; absent if their definition is not installed. */
  sets?: ReadonlyMap<string, ListenerSet[]>;
  /** Labels by name of the namespace. */
  namespaces: ReadonlyMap<string, Record<string, string>>;
};

const lookupOf = ({
  referenceGrants,
  tlsSecrets,
  refusedSecrets,
  caBundles,
  listenerSets,
  namespaces,
}: LookupInputs): Lookup => ({
  refs: {
    grants: Map.groupBy(referenceGrants, ({ namespace }) => namespace),
    ...(tlsSecrets && { secrets: byKey(tlsSecrets) }),
    ...(refusedSecrets && { refusedSecrets }),
    ...(caBundles && { bundles: byKey(caBundles) }),
  },
  ...(listenerSets && { sets: indexListenerSets(listenerSets) }),
  namespaces: new Map(namespaces.map(({ name, labels }) => [name, labels])),
});

const byKey = <T extends { namespace: string; name: string }>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((object) => [`${object.namespace}/${object.name}`, object]));

function judgeGatewaySpec(object: Gateway, lookup: Lookup): ServedGateway {
  const { namespace, name } = object;
  const sets = (lookup.sets?.get(`${namespace}/${name}`) ?? []).map((set) => ({
    set,
    from: { kind: 'ListenerSet' as const, namespace: set.namespace, name: set.name },
    refusal: findSetRefusal(object, set, lookup.namespaces),
  }));
  const own = { from: { kind: 'Gateway' as const, namespace, name }, listeners: object.listeners };
  const allowed = sets.filter(({ refusal }) => refusal === undefined);
  const groups = [own, ...allowed.map(({ set, from }) => ({ from, listeners: set.listeners }))];
  const { clientValidation: validation } = object;
  const listenerLookup = { ...lookup.refs, ...(validation && { frontend: { namespace, validation } }) };
  const judged = Map.groupBy(judgeListeners(groups, listenerLookup), ({ from }) => from);
  const clientCertificate = resolveClientCertificate(object, lookup.refs);
  const listenersIn = (from: ListenerSource): JudgedListener[] => judged.get(from) ?? [];
  return {
    ref: { namespace, name },
    object,
    listeners: listenersIn(own.from),
    ...(clientCertificate && { clientCertificate }),
    ...(lookup.sets && {
      sets: sets.map(({ set, from, refusal }) => ({
        set,
        ...(refusal !== undefined && { refusal }),
        listeners: listenersIn(from),
      })),
    }),
  };
}
