import net from 'node:net';
import { afterInput, type Clock } from '../../platform/clock.ts';
import type { ConnectionGroup } from './connection.ts';

/**
 * Finds endpoints that died without a word. A node that lost its power sends neither FIN nor RST: what was sent to it is sent again
 * by the kernel for a quarter of an hour, and a proxy that only waits for bytes would wait indefinitely. So where nothing comes, a connection is tried:
 *
 *   heard ──silence──► suspect ──a byte came, a probe was accepted or refused──► heard
 *                         └──several probes in a row without any answer──► unreachable: everything open there ends, nothing is kept
 *
 * Slow is not dead: a kernel accepts connections for an app that is busy. A refusal, too, comes from a living kernel, which would have
 * ended our connections if their process had gone: many apps close their port first and finish what is open. An app so busy that its
 * kernel drops new connections looks dead to a probe; hence several in a row, and any byte of any of its connections speaks for it.
 */
export interface HealthProbing {
  watch(group: ConnectionGroup): void;
  stop(): void;
}

export type HealthOptions = {
  /** How often everything is looked at: silence is measured in these steps, rounded down. */
  sweepMs: number;
  /** Silence after which somebody who waits for an answer is worth a probe; also the time between two probes. */
  awaitedMs: number;
  /** The same for streams and tunnels, which may be silent for long. */
  quietMs: number;
  /** As many probes without an answer, and the endpoint is unreachable. */
  probes: number;
};

type Tools = { clock: Clock; timeoutMs: number; options: HealthOptions };

/** No answer was received. Every other error comes from a living kernel, or from our own, which says nothing about the endpoint. */
const silences = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);

/** `timeoutMs`: how long a probe waits. */
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
    if (group.heard) {
      group.heard = false;
      group.failedProbes = 0;
    }
    const longest = longestSilence(group, options);
    const restMs = longest === 'awaited' || group.failedProbes > 0 ? options.awaitedMs : options.quietMs;
    if (longest !== 'nobody' && !group.probing && elapsedMs - group.probedAtMs >= restMs) {
      group.probing = true;
      group.probedAtMs = elapsedMs;
      probe(group, { clock, timeoutMs }, (answered) => conclude(group, answered));
    }
  }

  function conclude(group: ConnectionGroup, answered: boolean): void {
    group.probing = false;
    group.failedProbes = answered || group.heard ? 0 : group.failedProbes + 1;
    if (group.failedProbes === options.probes) {
      group.failedProbes = 0;
      abandon(group, options.probes);
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

/** Adds to everybody's silence, and answers who has waited too long. */
function longestSilence(
  group: ConnectionGroup,
  { sweepMs, awaitedMs, quietMs }: HealthOptions,
): 'awaited' | 'quiet' | 'nobody' {
  let longest: 'awaited' | 'quiet' | 'nobody' = 'nobody';
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
  const cancel = afterInput(clock, timeoutMs, () => finish(false));
  socket.once('connect', () => finish(true));
  socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => finish(!silences.has(code)));
}

function abandon(group: ConnectionGroup, failedProbes: number): void {
  // Whoever is told may try again at once: what that adds here is not connected yet.
  for (const connection of group.members) {
    if (connection.connected) connection.abandon(failedProbes);
  }
}
