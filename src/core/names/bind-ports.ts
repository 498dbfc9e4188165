/**
 * The ports that a proxy binds for those of its listeners. It runs unprivileged, so it cannot bind ports below 1024, and 9090 is its admin
 * port. Its Service maps the ports; both sides calculate them, so that the table needs none.
 *
 *     1 – 1023       → 10001 – 11023    80 is 10080
 *     10001 – 11023  → 64513 – 65535    displaced by these
 *     9090           → 64512
 *     64512 – 65535  → itself, or the next one that is free
 *     others         → itself
 *
 * Below 64512 no port depends on the other listeners: a new listener never moves the socket of another one.
 */
import { ports } from './names.ts';

const firstUnprivileged = 1024;
const privilegedOffset = 10_000;
const firstSpare = 65_536 - firstUnprivileged;
const spareOffset = firstSpare - privilegedOffset;

/** Returns the port to bind for each port of the listeners. */
export function bindPorts(listenerPorts: Iterable<number>): Map<number, number> {
  const bound = new Map<number, number>();
  const taken = new Set<number>();
  for (const port of [...new Set(listenerPorts)].toSorted((one, other) => one - other)) {
    let wanted = preferredPort(port);
    while (taken.has(wanted)) wanted = next(wanted);
    taken.add(wanted);
    bound.set(port, wanted);
  }
  return bound;
}

function preferredPort(port: number): number {
  if (port < firstUnprivileged) return port + privilegedOffset;
  if (port === ports.admin) return firstSpare;
  const isDisplaced = port > privilegedOffset && port < privilegedOffset + firstUnprivileged;
  return isDisplaced ? port + spareOffset : port;
}

const next = (spare: number): number => (spare === 65_535 ? firstSpare : spare + 1);
