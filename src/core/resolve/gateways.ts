/** The Gateways that Holdfast manages, and which of their listeners it can serve. */
import { judgeListeners } from '../listener/judge-listeners.ts';
import type { JudgedListener } from '../listener/listener.ts';
import type { RefLookup } from '../listener/resolve-refs.ts';
import { controllerName } from '../names/names.ts';
import type { Gateway, Snapshot } from '../snapshot/snapshot.ts';
import { gatewayKey, type GatewayRef } from './plan.ts';

/** A user-managed Gateway whose class Holdfast controls. */
export type ServedGateway = { ref: GatewayRef; object: Gateway; listeners: JudgedListener[] };

export type GatewayIndex = {
  served: ReadonlyMap<string, ServedGateway>;
  /** GatewayClass names, by `namespace/name` of Gateways that other controllers manage. */
  foreign: ReadonlyMap<string, string>;
};

type GatewayInputs = Pick<Snapshot, 'gateways' | 'gatewayClasses' | 'workloads' | 'referenceGrants' | 'tlsSecrets'>;

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

const lookupOf = ({ referenceGrants, tlsSecrets }: GatewayInputs): RefLookup => ({
  grants: Map.groupBy(referenceGrants, ({ namespace }) => namespace),
  ...(tlsSecrets && {
    secrets: new Map(tlsSecrets.map((secret) => [`${secret.namespace}/${secret.name}`, secret])),
  }),
});

function judgeGatewaySpec(object: Gateway, lookup: RefLookup): ServedGateway {
  const { namespace, name } = object;
  return {
    ref: { namespace, name },
    object,
    listeners: judgeListeners([{ from: { kind: 'Gateway', namespace, name }, listeners: object.listeners }], lookup),
  };
}
