/** Gateways whose controller we are, and what of each can be served: the proxy speaks HTTP/1.1, without TLS. */
import { containerPort, controllerName, ports, proxyName } from '../names/names.ts';
import type { Gateway, GatewayListener, Snapshot } from '../snapshot/snapshot.ts';
import { gatewayKey, type GatewayRef } from './plan.ts';

/** `problem`: why it is not served, in Gateway API's words; `about`: the condition of the listener that says so. */
export type JudgedListener = GatewayListener & {
  problem?: { about: 'Accepted' | 'Conflicted'; reason: string; message: string };
};

/** A Gateway that a user wrote, of a class of ours. `problem`: why no proxy can be made for it. */
export type ServedGateway = { ref: GatewayRef; object: Gateway; listeners: JudgedListener[]; problem?: string };

export type GatewayIndex = {
  served: ReadonlyMap<string, ServedGateway>;
  /** Names of classes by `namespace/name` of Gateways that others control. */
  foreign: ReadonlyMap<string, string>;
};

/**
 * All Gateways of users by whose they are. Those that Holdfast made itself are in neither map: they follow from the StickyWorkloads
 * that need them, so that one whose last StickyWorkload has gone is not kept by its own proxy.
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

function judgeGatewaySpec(object: Gateway): ServedGateway {
  const { namespace, name } = object;
  const problem = nameProblem(name);
  return {
    ref: { namespace, name },
    object,
    listeners: judgeListeners(object.listeners),
    ...(problem !== undefined && { problem }),
  };
}

// RFC 1035, as the name of a Service must be; the longest is 63 characters.
const serviceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const longestServiceName = 63;

function nameProblem(gateway: string): string | undefined {
  const service = proxyName(gateway);
  if (service.length <= longestServiceName && serviceName.test(service)) return undefined;
  const longest = longestServiceName - proxyName('').length;
  return `Its proxy would be called ${service}, which cannot be the name of a Service: use a name of at most ${longest} letters, digits and hyphens that begins with a letter.`;
}

function judgeListeners(listeners: readonly GatewayListener[]): JudgedListener[] {
  return listeners.map((listener) => {
    const problem = findProblem(listener, listeners);
    return { ...listener, ...(problem && { problem }) };
  });
}

function findProblem(listener: GatewayListener, all: readonly GatewayListener[]): JudgedListener['problem'] {
  const { port, protocol } = listener;
  if (protocol !== 'HTTP') {
    return {
      about: 'Accepted',
      reason: 'UnsupportedProtocol',
      message: `Protocol ${protocol} is not supported by this version: use HTTP, and end TLS in front of the proxy.`,
    };
  }
  const others = all.filter((other) => other !== listener && other.protocol === 'HTTP');
  if (others.some((other) => other.port === port && sameHost(other, listener))) {
    return {
      about: 'Conflicted',
      reason: 'HostnameConflict',
      message: `Another listener has port ${port} and the same host name: give one of them another.`,
    };
  }
  return portProblem(port, others);
}

const sameHost = (one: GatewayListener, other: GatewayListener): boolean => one.hostname === other.hostname;

// Ports below 1024 are bound 10000 higher, where another listener may be already.
function portProblem(port: number, others: readonly GatewayListener[]): JudgedListener['problem'] {
  const bound = containerPort(port);
  const taken =
    bound === ports.admin
      ? "the proxy's own metrics"
      : others.find((other) => other.port !== port && containerPort(other.port) === bound)?.name;
  if (taken === undefined) return undefined;
  return {
    about: 'Accepted',
    reason: 'PortUnavailable',
    message: `The proxy binds ${bound} for port ${port}, which is taken by ${taken}: use another port.`,
  };
}
