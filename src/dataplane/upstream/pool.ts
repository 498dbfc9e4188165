import type { Certificate, Endpoint } from '../../wire/routing-table.ts';
import { afterInput, type Clock } from '../../platform/clock.ts';
import { UpstreamConnection } from './connection.ts';
import type { ConnectionGroup, UpstreamCodec } from './connection.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { Transport } from '../routing.ts';
import type { UpstreamStream, UpstreamStreamUser } from '../streams.ts';
import type { SocketMaker } from '../net/sockets.ts';
import { createHealthProbing } from './health.ts';
import type { HealthOptions } from './health.ts';

export type PoolOptions = {
  connectTimeoutMs: number;
  /** For an app that does not send how long it keeps idle connections open: below the 5 s of Node and uvicorn. */
  idleTimeoutMs: number;
  maxIdlePerEndpoint: number;
  /**
   * How long after a response an idle connection may be used for a request that must not be sent twice. An app may close a connection just
   * when it is used again; a login that fails because of that is a session that fails.
   */
  freshForMs: number;
  /** An endpoint with this many requests that it has not answered yet gets no more. */
  maxUnansweredPerEndpoint: number;
  /** With this many open connections, an idle one closes before another one opens. */
  maxOpen: number;
  /** What the proxy may present to endpoints, by the names in their settings of TLS. */
  certificates?: Readonly<Record<string, Certificate>> | undefined;
  health: HealthOptions;
};

/** Which idle connections a request may use. */
export type Reuse = 'Any' | 'Fresh' | 'None';

/** An endpoint, and how it is reached. */
export type Destination = { readonly endpoint: Endpoint; readonly transport: Transport };

/**
 * Keep-alive connections by endpoint: by pod UID, since an address may pass to another pod, and by address, port, the settings of TLS and the
 * certificate that the proxy presents. A pod may be an endpoint of several backends.
 */
export type Uids = Pick<ReadonlySet<string>, 'has'>;

export interface UpstreamPool {
  /**
   * Returns a stream of the connection that was used last, so that the others expire, or of a new one; `Full` if the endpoint has too many requests
   * that it has not answered.
   */
  lease(destination: Destination, user: UpstreamStreamUser, reuse: Reuse): UpstreamStream | 'Full';
  /** Returns a connection to the pool: its exchange is complete, and nothing more is expected on it. */
  give(connection: UpstreamConnection): void;
  /**
   * Drops the endpoints that are not listed: their idle connections close; those in use continue and close when returned. `lost`: the
   * endpoints whose node is lost.
   */
  retain(uids: Uids, lost: Uids): void;
  counts(): { open: number; idle: number };
  /** Applies from the next connection on. */
  configure(
    options: Partial<Pick<PoolOptions, 'connectTimeoutMs' | 'maxUnansweredPerEndpoint' | 'maxOpen' | 'certificates'>>,
  ): void;
  close(): void;
}

// The app's idle timer started before ours, and its FIN needs time to arrive.
const idleMarginMs = 1000;
const maxIdleMs = 60_000;

/** `fault`: a callback of an idle connection threw. */
export type PoolPorts = {
  clock: Clock;
  deadlines: Deadlines;
  sockets: SocketMaker;
  fault: (error: unknown) => void;
  /** Makes the codec of a connection. */
  createCodec: (connection: UpstreamConnection) => UpstreamCodec;
};

export function createUpstreamPool(ports: PoolPorts, given: PoolOptions): UpstreamPool {
  const { clock, deadlines, sockets, fault } = ports;
  const options = { ...given };
  const groups = new Map<string, ConnectionGroup[]>();
  const health = createHealthProbing({
    clock,
    timeoutMs: () => options.connectTimeoutMs,
    options: options.health,
  });
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

  function groupOf(destination: Destination): ConnectionGroup {
    const { endpoint, transport } = destination;
    const name = transport.tls?.clientCertificate;
    const clientCertificate = name === undefined ? undefined : options.certificates?.[name];
    const known = groups.get(endpoint.uid);
    for (const group of known ?? none) if (isOf(group, destination, clientCertificate)) return group;
    const { address: host, port, uid } = endpoint;
    const { tls, protocol = 'HTTP1' } = transport;
    const parts = { host, port, tls, protocol, clientCertificate, gone: closing };
    const group = createGroup({ ...parts, sockets, closed, fault, createCodec: ports.createCodec });
    if (known === undefined) groups.set(uid, [group]);
    else known.push(group);
    return group;
  }

  /** Rare: only at the limit of the process's files. */
  function closeOneIdle(): void {
    for (const { idle } of allOf(groups)) {
      const oldest = idle.shift();
      if (oldest !== undefined) {
        oldest.destroy();
        return;
      }
    }
  }

  /** Returns a stream of a connection that carries several; undefined if there is none with room. */
  function leaseShared({ protocol, members }: ConnectionGroup, user: UpstreamStreamUser): UpstreamStream | undefined {
    if (protocol === 'HTTP1') return undefined;
    for (const connection of members) {
      const stream = connection.socket.isDestroyed ? undefined : connection.codec.lease(user);
      if (stream !== undefined) return stream;
    }
    return undefined;
  }

  /** Returns undefined if there is none, or none fresh enough. */
  function takeIdle({ idle }: ConnectionGroup, reuse: Reuse): UpstreamConnection | undefined {
    if (reuse === 'None') return undefined;
    const oldestMs = reuse === 'Any' ? -Infinity : clock.nowMs() - options.freshForMs;
    // The last of them is the freshest.
    if ((idle.at(-1)?.idleSinceMs ?? 0) < oldestMs) return undefined;
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      // Destroyed in this turn of the event loop: its 'close' event is still pending.
      if (!connection.socket.isDestroyed) {
        connection.user = connection.codec;
        connection.reused = true;
        connection.silentMs = 0;
        connection.deadlineMs = Infinity;
        return connection;
      }
    }
    return undefined;
  }

  function connect(group: ConnectionGroup): UpstreamConnection {
    if (open >= options.maxOpen) closeOneIdle();
    const connection = new UpstreamConnection(group);
    group.members.add(connection);
    health.watch(group);
    deadlines.watch(connection);
    open += 1;
    connection.cancelConnectTimeout = afterInput(clock, options.connectTimeoutMs, () => connection.connectTimedOut());
    return connection;
  }

  return {
    lease(destination, user, reuse) {
      const group = groupOf(destination);
      if (group.unanswered >= options.maxUnansweredPerEndpoint) return 'Full';
      return leaseShared(group, user) ?? (takeIdle(group, reuse) ?? connect(group)).codec.lease(user) ?? 'Full';
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
      // Rather too early than too late: an old connection must never count as fresh.
      connection.idleSinceMs = deadlines.nowMs();
      connection.deadlineMs = deadlines.in(idleMs);
      group.idle.push(connection);
    },
    retain(uids, lost) {
      for (const [uid, ofPod] of groups) {
        const isInTable = uids.has(uid);
        const used = ofPod.filter(({ members, unanswered }) => members.size > 0 || unanswered > 0);
        for (const group of used) {
          group.nodeLost = lost.has(uid);
          if (!isInTable) dissolve(group);
        }
        if (isInTable && used.length > 0) groups.set(uid, used);
        else groups.delete(uid);
      }
    },
    counts() {
      let idle = 0;
      for (const group of allOf(groups)) idle += group.idle.length;
      return { open, idle };
    },
    configure(changed) {
      Object.assign(options, changed);
    },
    close() {
      closing = true;
      health.stop();
      for (const group of allOf(groups)) dissolve(group);
    },
  };
}

const none: readonly never[] = [];

const isOf = (
  group: ConnectionGroup,
  { endpoint, transport: { tls, protocol = 'HTTP1' } }: Destination,
  clientCertificate: Certificate | undefined,
): boolean =>
  group.host === endpoint.address &&
  group.port === endpoint.port &&
  group.tls === tls &&
  group.protocol === protocol &&
  group.clientCertificate === clientCertificate;

const createGroup = (
  parts: Pick<
    ConnectionGroup,
    'host' | 'port' | 'tls' | 'protocol' | 'clientCertificate' | 'gone' | 'sockets' | 'closed' | 'fault' | 'createCodec'
  >,
): ConnectionGroup => ({
  ...parts,
  idle: [],
  members: new Set(),
  nodeLost: false,
  unanswered: 0,
  receivedBytes: false,
  probing: false,
  probedAtMs: 0,
  failedProbes: 0,
});

function* allOf(groups: ReadonlyMap<string, readonly ConnectionGroup[]>): Iterable<ConnectionGroup> {
  for (const ofPod of groups.values()) yield* ofPod;
}

function dissolve(group: ConnectionGroup): void {
  group.gone = true;
  for (const connection of group.idle.splice(0)) connection.destroy();
}
