/** Sends reports to every connected replica: soon after a change, and at least once a second, so that silence means something. */
import type { Report } from '../../wire/messages.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

/** At most one report in this time, however much changes. */
const minIntervalMs = 200;
/** At least one report a second. Less than that, because it is looked at only each `minIntervalMs`, and timers are late, not early. */
const maxIntervalMs = 750;

export type ReporterPorts = {
  clock: Clock;
  log: Logger;
  send(address: string, report: Report): Promise<void>;
  /** Replicas with an open stream. */
  addresses(): Iterable<string>;
  /** What is true now; undefined while there is no table. */
  build(sequence: number): Report | undefined;
  /** Grows with everything that a report would show. */
  changes(): number;
};

export interface Reporter {
  /** Reports what is true now, also where nothing has changed. Resolves when each replica has answered; never rejects. */
  sendNow(): Promise<void>;
  stop(): void;
}

export function startReporter(ports: ReporterPorts): Reporter {
  const { clock } = ports;
  /** By address: reports that a replica has not answered yet. */
  const busy = new Map<string, Promise<void>>();
  let sequence = 0;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let lastChanges = -1;
  let stopped = false;
  let cancel = () => {};

  const deliver = async (address: string, report: Report) => {
    try {
      await ports.send(address, report);
    } catch (error) {
      if (!stopped) ports.log.warn({ address, error: describeError(error) }, 'report not delivered');
    }
    busy.delete(address);
  };

  const startDelivery = (address: string, report: Report) => {
    const delivery = deliver(address, report);
    busy.set(address, delivery);
    return delivery;
  };

  /** A replica that is slow to answer is not sent more: it gets what is true when it has answered. */
  const deliverToAll = (report: Report) => {
    for (const address of ports.addresses()) if (!busy.has(address)) void startDelivery(address, report);
  };

  // From the clock, so that a restarted container's reports are newer than those of the one before.
  const nextSequence = () => (sequence = Math.max(sequence + 1, clock.nowMs()));

  const sendNow = async () => {
    const addresses = [...ports.addresses()];
    await Promise.all(addresses.map((address) => busy.get(address) ?? Promise.resolve()));
    const report = ports.build(nextSequence());
    if (report !== undefined) await Promise.all(addresses.map((address) => startDelivery(address, report)));
  };

  const tick = () => {
    const nowMs = clock.nowMs();
    const changes = ports.changes();
    // With nobody to take it none is made: what it would tell of ends is then kept for those who come back.
    const isHeard = !ports.addresses()[Symbol.iterator]().next().done;
    if (isHeard && (changes !== lastChanges || nowMs - lastSentMs >= maxIntervalMs)) {
      lastSentMs = nowMs;
      lastChanges = changes;
      const report = ports.build(nextSequence());
      if (report !== undefined) deliverToAll(report);
    }
    cancel = clock.after(minIntervalMs, tick);
  };
  tick();

  return {
    sendNow,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
