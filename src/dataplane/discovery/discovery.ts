/**
 * The proxy's side of discovery: follows every replica of the operator, routes by the one with the newest table, reports to all.
 *
 *     name ──resolve──► addresses ──one follower each──► resources ──► merger ──► onTable, onConfirmed
 *                                                                        ▲              │
 *                                               last-known-good table ───┘              └─► acknowledged in the next report
 */
import type { ProxyClient } from '../../wire/client/proxy-client.ts';
import type { Handover } from '../../wire/messages.ts';
import type { ReceivedMessage } from '../../wire/stream-messages.ts';
import type { BackoffRange, Random } from '../../platform/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { LastKnownGood } from './last-known-good.ts';
import { followReplica } from './replica-follower.ts';
import type { ReportDraft } from './report-changes.ts';
import { startReporter } from './reporter.ts';
import { createResourceStreams } from './resource-streams.ts';
import { createTableMerger, type MergerEvents } from './table-merger.ts';

export type DiscoveryPorts = {
  clock: Clock;
  random: Random;
  log: Logger;
  client: ProxyClient;
  /** Resolves with the current addresses of all replicas. */
  resolve: () => Promise<readonly string[]>;
  lastKnownGood: LastKnownGood | undefined;
};

type Delta = Extract<ReceivedMessage, { type: 'delta' }>;

export type DiscoveryOptions = { resolveIntervalMs: number; lastKnownGoodDelayMs: number; backoff: BackoffRange };

/** The part of the proxy that discovery drives. */
export interface DiscoveryTarget extends MergerEvents {
  /** Resolves when requests are routed by the last table; absent or undefined if they are already. */
  whenApplied?(): Promise<void> | undefined;
  /** Undefined while there is no table. */
  draftReport(sequence: number): ReportDraft | undefined;
  /** Increases with every change of the sessions on draining pods, and with every end of a session. */
  urgentChanges(): number;
  /** A stream has opened: a replica of the operator that may know nothing yet. */
  onConnected(): void;
  /** Sessions that ended through another proxy. */
  onEnded(sessions: readonly string[]): void;
  /** Sessions that another proxy has just seen alive. */
  onSeen(sessions: readonly string[]): void;
  /** Sessions of a proxy that shut down, which this one counts from now on. */
  onHandover(handover: Handover & { from: string }): void;
}

export interface Discovery {
  /** Addresses whose stream is open. */
  connected(): readonly string[];
  /** Through the first replica that knows a successor. `false`: there is none. */
  handOver(handover: Handover): Promise<boolean>;
  /** What is true now, to each connected replica. Resolves when each has answered; never rejects. */
  sendLastReport(): Promise<void>;
  stop(): Promise<void>;
}

const defaultDiscoveryOptions: DiscoveryOptions = {
  resolveIntervalMs: 5000,
  lastKnownGoodDelayMs: 2000,
  backoff: { baseMs: 200, capMs: 10_000 },
};

export function startDiscovery(
  ports: DiscoveryPorts,
  target: DiscoveryTarget,
  options: DiscoveryOptions = defaultDiscoveryOptions,
): Discovery {
  const { clock, log, lastKnownGood } = ports;
  const stopping = new AbortController();
  const followers = new Map<string, Promise<void>>();
  const connected = new Set<string>();
  let listed: ReadonlySet<string> = new Set();
  const streams = createResourceStreams();

  const merger = createTableMerger({
    onTable(choice) {
      target.onTable(choice);
      lastKnownGood?.write(choice);
    },
    onConfirmed: (asOfMs) => {
      target.onConfirmed(asOfMs);
    },
  });

  const receive = (address: string, message: ReceivedMessage) => {
    if (message.type === 'ended') target.onEnded(message.sessions);
    else if (message.type === 'seen') target.onSeen(message.sessions);
    else if (message.type === 'handover') target.onHandover(message.handover);
    else if (message.type === 'heartbeat') merger.message(address, message);
    else {
      const { revision, asOfMs } = message;
      merger.message(address, { revision, asOfMs, ...streams.apply(address, message) });
      const applied = target.whenApplied?.();
      if (applied === undefined) acknowledge(address, message);
      else {
        const stream = streams.current(address);
        void applied.then(() => streams.current(address) === stream && acknowledge(address, message));
      }
    }
  };

  /** Only when requests are routed by it. */
  const acknowledge = (address: string, delta: Delta) => {
    streams.acknowledge(address, delta);
    reporter.acknowledge(address);
  };

  const follow = async (address: string) => {
    await followReplica(address, {
      ports: { client: ports.client, clock, random: ports.random, log, backoff: options.backoff },
      signal: stopping.signal,
      events: {
        onOpen: () => streams.open(address),
        onMessage(message) {
          if (!connected.has(address)) target.onConnected();
          connected.add(address);
          receive(address, message);
        },
        onDown() {
          connected.delete(address);
          streams.close(address);
          merger.down(address);
        },
        isStillListed: () => listed.has(address),
      },
    });
    merger.forget(address);
    followers.delete(address);
  };

  const resolveOnce = async () => {
    try {
      listed = new Set(await ports.resolve());
      for (const address of listed) if (!followers.has(address)) followers.set(address, follow(address));
    } catch (error) {
      // Open streams are unaffected: they may still be healthy.
      log.warn({ error: describeError(error) }, 'cannot resolve the name of the operator');
    }
  };

  let cancelResolve = () => {};
  const resolveLoop = async () => {
    await resolveOnce();
    if (!stopping.signal.aborted) cancelResolve = clock.after(options.resolveIntervalMs, () => void resolveLoop());
  };
  void resolveLoop();

  const useLastKnownGood = async () => {
    const choice = await lastKnownGood?.read();
    if (choice !== undefined && !stopping.signal.aborted) merger.startFrom(choice);
  };
  const cancelLastKnownGood = clock.after(options.lastKnownGoodDelayMs, () => void useLastKnownGood());

  const reporter = startReporter({
    clock,
    log,
    send: (address, report) => ports.client.report(address, report),
    addresses: () => connected,
    acknowledged: (address) => streams.acknowledged(address),
    isFollowed: (address) => followers.has(address),
    draft: (sequence) => target.draftReport(sequence),
    urgentChanges: () => target.urgentChanges(),
  });

  return {
    connected: () => [...connected],
    async handOver(handover) {
      for (const address of connected) {
        try {
          await ports.client.handOver(address, handover);
          return true;
        } catch (error) {
          log.warn({ address, error: describeError(error) }, 'handover failed');
        }
      }
      return false;
    },
    sendLastReport: () => reporter.sendNow(),
    async stop() {
      stopping.abort();
      cancelResolve();
      cancelLastKnownGood();
      reporter.stop();
      await Promise.all(followers.values());
      await lastKnownGood?.settled();
      ports.client.close();
    },
  };
}
