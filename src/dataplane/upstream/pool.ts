import type { Endpoint } from '../../wire/routing-table.ts';
import { afterInput, type Clock } from '../../platform/clock.ts';
import { UpstreamConnection } from './connection.ts';
import type { ConnectionGroup, UpstreamUser } from './connection.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { createHealthProbing } from './health.ts';
import type { HealthOptions } from './health.ts';

export type PoolOptions = {
  connectTimeoutMs: number;
  /** For an app that does not say how long it leaves idle connections open: below the 5 s of Node and uvicorn. */
  idleTimeoutMs: number;
  maxIdlePerEndpoint: number;
  /**
   * For so long after a response an idle connection is trusted with a request that must not be sent twice. An app may close a
   * connection at the moment at which it is used again; a login that fails by that is a session that fails.
   */
  freshForMs: number;
  health: HealthOptions;
};

/** What a request asks of an idle connection. */
export type Reuse = 'any' | 'fresh';

/** Keep-alive connections by endpoint: by pod UID, since an address may pass to another pod, and by address and port. */
export interface UpstreamPool {
  /** The connection that was used last, so that the others grow old and are reaped; undefined where there is none, or none fresh enough. */
  take(endpoint: Endpoint, user: UpstreamUser, reuse: Reuse): UpstreamConnection | undefined;
  connect(endpoint: Endpoint, user: UpstreamUser): UpstreamConnection;
  /** A connection whose exchange is over in full, and on which nothing more is expected. */
  give(connection: UpstreamConnection): void;
  /** Forgets the endpoints that are not listed: their idle connections close, those in use go on and close when given back. */
  retain(uids: ReadonlySet<string>): void;
  counts(): { open: number; idle: number };
  close(): void;
}

// The app's clock for an idle connection began before ours, and its FIN needs time to arrive.
const idleMarginMs = 1000;
const maxIdleMs = 60_000;

export function createUpstreamPool(clock: Clock, deadlines: Deadlines, options: PoolOptions): UpstreamPool {
  const groups = new Map<string, ConnectionGroup>();
  const health = createHealthProbing({
    clock,
    timeoutMs: options.connectTimeoutMs,
    options: options.health,
  });
  const sharedBytes = Buffer.allocUnsafeSlow(64 * 1024);
  let open = 0;
  let closing = false;

  function closed(connection: UpstreamConnection): void {
    open -= 1;
    deadlines.forget(connection);
    const { idle, members } = connection.group;
    members.delete(connection);
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  }

  function groupOf({ uid, address, port }: Endpoint): ConnectionGroup {
    const known = groups.get(uid);
    if (known !== undefined && known.host === address && known.port === port) return known;
    if (known !== undefined) dissolve(known);
    const group = createGroup({ host: address, port, gone: closing, sharedBytes, closed });
    groups.set(uid, group);
    return group;
  }

  return {
    take(endpoint, user, reuse) {
      const { idle } = groupOf(endpoint);
      const oldestMs = reuse === 'any' ? -Infinity : clock.nowMs() - options.freshForMs;
      // The last of them is the freshest.
      if ((idle.at(-1)?.idleSinceMs ?? 0) < oldestMs) return undefined;
      for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
        // Destroyed a moment ago, in this very turn of the event loop: its 'close' has yet to come.
        if (!connection.socket.destroyed) {
          connection.user = user;
          connection.reused = true;
          connection.silentMs = 0;
          connection.deadlineMs = Infinity;
          return connection;
        }
      }
      return undefined;
    },
    connect(endpoint, user) {
      const group = groupOf(endpoint);
      const connection = new UpstreamConnection(group, user);
      group.members.add(connection);
      health.watch(group);
      deadlines.watch(connection);
      open += 1;
      const cancel = afterInput(clock, options.connectTimeoutMs, () => connection.connectTimedOut());
      connection.socket.once('connect', cancel).once('close', cancel);
      return connection;
    },
    give(connection) {
      const { group, idleLimitMs } = connection;
      const idleMs =
        idleLimitMs === undefined ? options.idleTimeoutMs : Math.min(idleLimitMs - idleMarginMs, maxIdleMs);
      if (group.gone || idleMs <= 0 || group.idle.length >= options.maxIdlePerEndpoint) {
        connection.destroy();
        return;
      }
      connection.user = undefined;
      // Rather too early than too late: an old connection is never taken for a fresh one.
      connection.idleSinceMs = deadlines.nowMs();
      connection.deadlineMs = deadlines.in(idleMs);
      group.idle.push(connection);
    },
    retain(uids) {
      for (const [uid, group] of groups) {
        if (!uids.has(uid)) {
          groups.delete(uid);
          dissolve(group);
        }
      }
    },
    counts() {
      let idle = 0;
      for (const group of groups.values()) idle += group.idle.length;
      return { open, idle };
    },
    close() {
      closing = true;
      health.stop();
      for (const group of groups.values()) dissolve(group);
    },
  };
}

const createGroup = (
  parts: Pick<ConnectionGroup, 'host' | 'port' | 'gone' | 'sharedBytes' | 'closed'>,
): ConnectionGroup => ({
  ...parts,
  idle: [],
  members: new Set(),
  heard: false,
  probing: false,
  probedAtMs: 0,
  failedProbes: 0,
});

function dissolve(group: ConnectionGroup): void {
  group.gone = true;
  for (const connection of group.idle.splice(0)) connection.destroy();
}
