/** The Gateways that Holdfast manages, and which of their listeners it can serve: HTTP/1.1 without TLS. */
import { controllerName } from '../names/names.ts';
import type { Gateway, GatewayListener, Snapshot } from '../snapshot/snapshot.ts';
import { gatewayKey, type GatewayRef } from './plan.ts';

/** `problem`: why the listener is not served, with a reason of Gateway API; `about`: the listener condition that reports it. */
export type JudgedListener = GatewayListener & {
  problem?: { about: 'Accepted' | 'Conflicted'; reason: string; message: string };
};

/** A user-managed Gateway whose class Holdfast controls. */
export type ServedGateway = { ref: GatewayRef; object: Gateway; listeners: JudgedListener[] };

export type GatewayIndex = {
  served: ReadonlyMap<string, ServedGateway>;
  /** GatewayClass names, by `namespace/name` of Gateways that other controllers manage. */
  foreign: ReadonlyMap<string, string>;
};

/**
 * All user-managed Gateways, by whether Holdfast controls their class. Generated Gateways are in neither map: they are derived from
 * the StickyWorkloads that need them, so that a Gateway whose last StickyWorkload was deleted is not kept alive by its own proxy.
 */
export function indexGateways({
  gateways,
  gatewayClasses,
  workloads,
}: Pick<Snapshot, 'gateways' | 'gatewayClasses' | 'workloads'>): GatewayIndex {
  const ourClasses = new Set(
    gatewayClasses.filter((one) => one.controllerName === controllerName).map(({ name }) => name),
  );
  const workloadUids = new Set(workloads.map(({ metadata }) => metadata.uid));
  const userManaged = gateways.filter(
    ({ component, ownerUids }) => component !== 'gateway' && !ownerUids.some((uid) => workloadUids.has(uid)),
  );
  const [ours, others] = partition(userManaged, ({ className }) => ourClasses.has(className));
  return {
    served: new Map(ours.map((gateway) => [gatewayKey(gateway), judgeGatewaySpec(gateway)])),
    foreign: new Map(others.map((gateway) => [gatewayKey(gateway), gateway.className])),
  };
}

const partition = <T>(list: readonly T[], fits: (item: T) => boolean): [T[], T[]] => [
  list.filter((item) => fits(item)),
  list.filter((item) => !fits(item)),
];

const judgeGatewaySpec = (object: Gateway): ServedGateway => ({
  ref: { namespace: object.namespace, name: object.name },
  object,
  listeners: judgeListeners(object.listeners),
});

/**
 * A listener that is served keeps its port and hostname: one that is added later never takes it down. Of listeners that are not served yet,
 * the earlier in the list wins.
 */
function judgeListeners(listeners: readonly GatewayListener[]): JudgedListener[] {
  const inOrder = partition(listeners, ({ acceptedBefore = false }) => acceptedBefore).flat();
  const judged = new Map<GatewayListener, JudgedListener>();
  for (const listener of inOrder) {
    const served = [...judged].flatMap(([earlier, { problem }]) => (problem === undefined ? [earlier] : []));
    const problem = findProblem(listener, served);
    judged.set(listener, { ...listener, ...(problem && { problem }) });
  }
  return listeners.flatMap((listener) => judged.get(listener) ?? []);
}

/** `served`: the listeners that precede it and have no problem. */
function findProblem(listener: GatewayListener, served: readonly GatewayListener[]): JudgedListener['problem'] {
  const { port, protocol } = listener;
  if (protocol !== 'HTTP') {
    return {
      about: 'Accepted',
      reason: 'UnsupportedProtocol',
      message: `Protocol ${protocol} is not supported by this version: use HTTP, and terminate TLS in front of the proxy.`,
    };
  }
  const same = served.find((other) => other.port === port && sameHost(other, listener));
  if (same !== undefined) {
    return {
      about: 'Conflicted',
      reason: 'HostnameConflict',
      message: `Listener ${same.name} has the same port (${port}) and hostname, and is served: change one of them.`,
    };
  }
  return undefined;
}

const sameHost = (one: GatewayListener, other: GatewayListener): boolean => one.hostname === other.hostname;
