/**
 * The port that a proxy binds for a listener. It runs unprivileged, so it cannot bind ports below 1024, and 9090 is its admin port. Its Service maps
 * the ports; both sides calculate them, so that the table needs none.
 *
 *     1 – 1023       → 10001 – 11023    80 is 10080
 *     10001 – 11023  → 64513 – 65535    displaced by these
 *     9090           → 64512
 *     others         → itself
 *
 * It depends on nothing but the listener's port: no listener moves the socket of another one, and operator and proxy need not know the same listeners.
 * A Gateway cannot have both a displaced port and the one that it is displaced to: of the two the later listener is refused.
 */
import { ports } from './names.ts';

const firstUnprivileged = 1024;
const privilegedOffset = 10_000;
const firstSpare = 65_536 - firstUnprivileged;
const spareOffset = firstSpare - privilegedOffset;

export function bindPort(port: number): number {
  if (port < firstUnprivileged) return port + privilegedOffset;
  if (port === ports.admin) return firstSpare;
  const isDisplaced = port > privilegedOffset && port < privilegedOffset + firstUnprivileged;
  return isDisplaced ? port + spareOffset : port;
}
