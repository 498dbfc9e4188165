/** Listeners that cannot be served beside an earlier one of the same port. */
import { bindPort } from '../names/bind-ports.ts';
import type { GatewayListener } from '../snapshot/snapshot.ts';
import type { JudgedListener, ListenerProblem, ListenerSource } from './listener.ts';

/** What the accepted listeners claim of their ports. */
export interface Claims {
  add(listener: JudgedListener): void;
  /** A port speaks one protocol, also where the later protocol is one that is not supported at all, and serves each hostname once. */
  findConflict(listener: GatewayListener, from: ListenerSource): Omit<ListenerProblem, 'about'> | undefined;
  /** Returns why the proxies cannot bind the port, or undefined. */
  findUnavailable(port: number, from: ListenerSource): Omit<ListenerProblem, 'about'> | undefined;
}

type ClaimedPort = { first: JudgedListener; byHostname: Map<string | undefined, JudgedListener> };

export function createClaims(): Claims {
  const ports = new Map<number, ClaimedPort>();
  const bound = new Map<number, JudgedListener>();
  return {
    add(listener) {
      if (!ports.has(listener.port)) bound.set(bindPort(listener.port), listener);
      const claimed = ports.get(listener.port) ?? { first: listener, byHostname: new Map() };
      ports.set(listener.port, claimed);
      claimed.byHostname.set(listener.hostname, listener);
    },
    findConflict({ port, protocol, hostname }, from) {
      const claimed = ports.get(port);
      if (claimed === undefined) return undefined;
      if (claimed.first.protocol !== protocol) return explainProtocol(claimed.first, from);
      const same = claimed.byHostname.get(hostname);
      return same && explainHostname(same, from);
    },
    findUnavailable(port, from) {
      const other = bound.get(bindPort(port));
      return other === undefined || other.port === port ? undefined : explainUnavailable(port, other, from);
    },
  };
}

type Conflict = Omit<ListenerProblem, 'about'>;

const explainProtocol = (other: JudgedListener, from: ListenerSource): Conflict => ({
  reason: 'ProtocolConflict',
  message: `${describe(other, from)} serves port ${other.port} with protocol ${other.protocol}: use another port.`,
});

const explainHostname = (other: JudgedListener, from: ListenerSource): Conflict => ({
  reason: 'HostnameConflict',
  message: `${describe(other, from)} has the same port (${other.port}) and hostname, and is served: change one of them.`,
});

const explainUnavailable = (port: number, other: JudgedListener, from: ListenerSource): Conflict => ({
  reason: 'PortUnavailable',
  message: `${describe(other, from)} has port ${other.port}, for which the proxies bind the same port as for ${port}: use another port.`,
});

/** The author of a ListenerSet may have no right to read the objects of other namespaces. */
function describe(listener: JudgedListener, { namespace, kind, name }: ListenerSource): string {
  const { from } = listener;
  if (from.namespace !== namespace) return 'A listener of another namespace';
  return from.kind === kind && from.name === name
    ? `Listener ${listener.name}`
    : `Listener ${listener.name} of ${from.kind} ${from.name}`;
}
