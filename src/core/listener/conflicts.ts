/** Listeners that cannot be served beside an earlier one of the same port. */
import type { GatewayListener } from '../snapshot/snapshot.ts';
import type { JudgedListener, ListenerProblem, ListenerSource } from './listener.ts';

/**
 * A port speaks one protocol, also where the later protocol is one that is not supported at all, and serves each hostname once.
 * `claims`: the accepted listeners that precede it.
 */
export function findConflict(
  { port, protocol, hostname }: GatewayListener,
  from: ListenerSource,
  claims: readonly JudgedListener[],
): Omit<ListenerProblem, 'about'> | undefined {
  const onPort = claims.filter((other) => other.port === port);
  const different = onPort.find((other) => other.protocol !== protocol);
  if (different !== undefined) {
    return {
      reason: 'ProtocolConflict',
      message: `${describe(different, from)} serves port ${port} with protocol ${different.protocol}: use another port.`,
    };
  }
  const same = onPort.find((other) => other.hostname === hostname);
  if (same === undefined) return undefined;
  return {
    reason: 'HostnameConflict',
    message: `${describe(same, from)} has the same port (${port}) and hostname, and is served: change one of them.`,
  };
}

/** The author of a ListenerSet may have no right to read the objects of other namespaces. */
function describe(listener: JudgedListener, { namespace, kind, name }: ListenerSource): string {
  const { from } = listener;
  if (from.namespace !== namespace) return 'A listener of another namespace';
  return from.kind === kind && from.name === name
    ? `Listener ${listener.name}`
    : `Listener ${listener.name} of ${from.kind} ${from.name}`;
}
