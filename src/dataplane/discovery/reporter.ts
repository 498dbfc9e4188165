/**
 * Sends reports to every connected replica: one a second, so that the operator notices when a proxy is gone. At once after a delta of the
 * table, and soon after a change on a draining pod: it waits for both.
 */
import type { Report, ReportAnswer } from '../../wire/messages.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import { reportSince, type Received, type ReportDraft } from './report-changes.ts';
import type { Logger } from '../../platform/log.ts';

/** How soon an urgent change is reported: there is at most one report in this time, except for acknowledgements. */
const minIntervalMs = 200;
/** That of all other changes. */
const maxIntervalMs = 1000;

export type ReporterPorts = {
  clock: Clock;
  log: Logger;
  send(address: string, report: Report): Promise<ReportAnswer>;
  /** Replicas with an open stream. */
  addresses(): Iterable<string>;
  /** The last delta of a replica by which requests are routed. */
  acknowledged(address: string): Report['acknowledged'];
  /** Whether a stream of the replica is open, or will be opened again. */
  isFollowed(address: string): boolean;
  /** Returns the current state; undefined while there is no table. */
  draft(sequence: number): ReportDraft | undefined;
  /** Increases with every change that cannot wait for the next second. */
  urgentChanges(): number;
};

export interface Reporter {
  /** Reports to a replica whose delta is now acknowledged. */
  acknowledge(address: string): void;
  /** Reports the current state, even if it has not changed. Resolves when each replica has responded; never rejects. */
  sendNow(): Promise<void>;
  stop(): void;
}

export function startReporter(ports: ReporterPorts): Reporter {
  const { clock } = ports;
  /** Reports without a response yet, by the replica's address. */
  const busy = new Map<string, Promise<void>>();
  /** Replicas whose delta was applied while a report was on its way to them. */
  const due = new Set<string>();
  /** What each replica has, by its address. */
  const received = new Map<string, Received>();
  let sequence = 0;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let lastChanges = -1;
  let stopped = false;
  let cancel = () => {};

  const deliver = async (address: string, draft: ReportDraft) => {
    try {
      const acknowledged = ports.acknowledged(address);
      const { sent, received: next } = reportSince(draft, received.get(address), clock.nowMs());
      const { complete } = await ports.send(address, acknowledged ? { ...sent, acknowledged } : sent);
      if (complete) received.delete(address);
      else received.set(address, next);
    } catch (error) {
      received.delete(address);
      if (!stopped) ports.log.warn({ address, error: describeError(error) }, 'report not delivered');
    }
    busy.delete(address);
    if (due.delete(address)) acknowledge(address);
  };

  const startDelivery = (address: string, draft: ReportDraft) => {
    const delivery = deliver(address, draft);
    busy.set(address, delivery);
    return delivery;
  };

  const acknowledge = (address: string) => {
    if (busy.has(address)) {
      due.add(address);
      return;
    }
    const draft = stopped ? undefined : ports.draft(nextSequence());
    if (draft !== undefined) void startDelivery(address, draft);
  };

  /** A replica that has not responded to the last report is skipped: it gets the next one after its response. */
  const deliverToAll = (draft: ReportDraft) => {
    for (const address of ports.addresses()) if (!busy.has(address)) void startDelivery(address, draft);
  };

  // From the clock, so that the reports of a restarted container are newer than those before the restart.
  const nextSequence = () => (sequence = Math.max(sequence + 1, clock.nowMs()));

  const sendNow = async () => {
    const addresses = [...ports.addresses()];
    await Promise.all(addresses.map((address) => busy.get(address) ?? Promise.resolve()));
    const draft = ports.draft(nextSequence());
    if (draft !== undefined) await Promise.all(addresses.map((address) => startDelivery(address, draft)));
  };

  const tick = () => {
    const nowMs = clock.nowMs();
    const changes = ports.urgentChanges();
    // Without a connected replica no report is built: notices of ended sessions stay pending until one connects.
    const isConnected = !ports.addresses()[Symbol.iterator]().next().done;
    if (isConnected && (changes !== lastChanges || nowMs - lastSentMs >= maxIntervalMs)) {
      lastSentMs = nowMs;
      lastChanges = changes;
      const draft = ports.draft(nextSequence());
      if (draft !== undefined) deliverToAll(draft);
    }
    for (const address of received.keys()) if (!ports.isFollowed(address)) received.delete(address);
    cancel = clock.after(minIntervalMs, tick);
  };
  tick();

  return {
    acknowledge,
    sendNow,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
