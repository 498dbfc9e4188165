import net from 'node:net';
import { afterInput, type Clock } from '../../platform/clock.ts';
import type { ConnectionGroup } from './connection.ts';

/**
 * Detects endpoints whose node has failed. A node that lost its power sends neither FIN nor RST: the kernel retransmits for a quarter of an
 * hour, and a proxy that only waits for bytes would wait indefinitely. Therefore an endpoint that sends nothing is probed with a connection:
 *
 *   healthy ──silence──► suspect ──a byte arrived, or a probe was accepted or refused──► healthy
 *                           └──several consecutive probes without any response──► unreachable: requests that wait for a response end
 *
 * Slow is not dead: the kernel accepts connections for a busy app. A refusal also proves that the kernel lives, and it would have ended our
 * connections if their process had exited: many apps close their port first and finish open requests. An app so busy that its kernel drops
 * new connections looks dead to a probe; therefore several are needed, and any byte of any of its connections proves that it lives. It also
 * gets another chance with its streams and tunnels: they end only if the table agrees, because the node is lost or the pod is gone, or if the
 * kernel's keep-alive finds the node dead. A request that waits ends in any case: its client can repeat it, and its session is kept.
 */
export interface HealthProbing {
  watch(group: ConnectionGroup): void;
  stop(): void;
}

export type HealthOptions = {
  /** Interval of the sweep: silence is measured in these steps, rounded down. */
  sweepMs: number;
  /** Silence after which an endpoint that owes a response is probed; also the time between two probes. */
  awaitedMs: number;
  /** The same for streams and tunnels, which may be silent for a long time. */
  quietMs: number;
  /** After this many consecutive probes without a response, the endpoint is unreachable. */
  probes: number;
};

type Tools = { clock: Clock; timeoutMs: () => number; options: HealthOptions };

/** Errors without a response. Every other error comes from a living kernel, or from our own, which proves nothing about the endpoint. */
const silences = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);

/** `timeoutMs`: the time limit of a probe. */
export function createHealthProbing({ clock, timeoutMs, options }: Tools): HealthProbing {
  const groups = new Set<ConnectionGroup>();
  let elapsedMs = 0;
  let cancel = clock.after(options.sweepMs, sweep);

  function sweep(): void {
    elapsedMs += options.sweepMs;
    for (const group of groups) {
      if (group.members.size === 0) {
        groups.delete(group);
      } else {
        probeIfSilent(group);
      }
    }
    cancel = clock.after(options.sweepMs, sweep);
  }

  function probeIfSilent(group: ConnectionGroup): void {
    if (group.receivedBytes) {
      group.receivedBytes = false;
      group.failedProbes = 0;
    }
    const longest = longestSilence(group, options);
    const restMs = longest === 'awaited' || group.failedProbes > 0 ? options.awaitedMs : options.quietMs;
    if (longest !== 'none' && !group.probing && elapsedMs - group.probedAtMs >= restMs) {
      group.probing = true;
      group.probedAtMs = elapsedMs;
      probe(group, { clock, timeoutMs }, (answered) => conclude(group, answered));
    }
  }

  function conclude(group: ConnectionGroup, answered: boolean): void {
    group.probing = false;
    group.failedProbes = answered || group.receivedBytes ? 0 : group.failedProbes + 1;
    if (group.failedProbes === options.probes) {
      group.failedProbes = 0;
      abandon(group);
    }
  }

  return {
    watch(group) {
      groups.add(group);
    },
    stop() {
      cancel();
    },
  };
}

/** Adds a step to the silence of every connection, and returns which kind of user has waited too long. */
function longestSilence(
  group: ConnectionGroup,
  { sweepMs, awaitedMs, quietMs }: HealthOptions,
): 'awaited' | 'quiet' | 'none' {
  let longest: 'awaited' | 'quiet' | 'none' = 'none';
  for (const connection of group.members) {
    const { user } = connection;
    if (user !== undefined && connection.connected) {
      const silentMs = connection.silentMs;
      connection.silentMs += sweepMs;
      if (user.upstreamAwaited && silentMs >= awaitedMs) return 'awaited';
      longest = silentMs >= quietMs ? 'quiet' : longest;
    }
  }
  return longest;
}

function probe(
  { host, port }: ConnectionGroup,
  { clock, timeoutMs }: Omit<Tools, 'options'>,
  done: (answered: boolean) => void,
): void {
  const socket = net.connect({ host, port });
  const finish = (answered: boolean) => {
    cancel();
    socket
      .removeAllListeners()
      .on('error', () => undefined)
      .destroy();
    done(answered);
  };
  const cancel = afterInput(clock, timeoutMs(), () => finish(false));
  socket.once('connect', () => finish(true));
  socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => finish(!silences.has(code)));
}

function abandon(group: ConnectionGroup): void {
  const isLost = group.nodeLost || group.gone;
  // A notified user may retry at once: the connection that it adds here is not connected yet.
  for (const connection of group.members) {
    const mayContinue = connection.user?.upstreamAwaited === false && !isLost;
    if (connection.connected && !mayContinue) connection.abandon();
  }
}
