/**
 * Leader election among the replicas with a Lease of coordination.k8s.io/v1.
 *
 *                     lease is free, released, ours, or unchanged for its duration: written
 *   start ─► CANDIDATE ───────────────────────────────────────────────────────────────────► LEADING ◄─┐ renewed
 *               ▲                                                                            │ │ └───┘
 *               │        not renewed by the deadline, or held by another: onStopped          │ │
 *               └────────────────────────────────────────────────────────────────────────────┘ │
 *                                                       stop(): onStopped, then released ◄─────┘
 *
 * Why two replicas never lead at the same time: a candidate trusts only its own clock. It counts `leaseDuration` from the moment at which
 * it saw the Lease change, which is later than the moment at which the leader sent that change. The leader counts `renewDeadline` from
 * before it sent it. As renewDeadline < leaseDuration, the leader has stopped before the candidate may start, however slow the server or
 * the network is and whatever the clocks show; only the rates of the clocks must agree.
 */
import type { Clock } from '../../platform/clock.ts';
import { sleep } from '../../platform/clock.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { ObjectReader, ObjectWriter } from '../ports.ts';
import { leases } from '../resources.ts';
import type { Random } from '../../platform/backoff.ts';
import type { LeaseRecord } from './lease-record.ts';
import { claim, readLease, released, writeLease } from './lease-record.ts';

export type LeaseTiming = {
  /** Whole seconds. */
  leaseDurationMs: number;
  renewDeadlineMs: number;
  retryMs: number;
};

export type LeaderLeaseOptions = {
  reader: Pick<ObjectReader, 'get'>;
  writer: Pick<ObjectWriter, 'create' | 'update'>;
  namespace: string;
  name: string;
  /** Unique to this process, not only to its pod: a restarted container is another candidate. */
  identity: string;
  onStarted: () => void;
  /** Must stop everything that only the leader may do; awaited before the lease is released or acquired again. */
  onStopped: () => void | Promise<void>;
  timing?: LeaseTiming;
  clock: Clock;
  random: Random;
  logger: Logger;
};

export interface LeaderLease {
  /** Also returns false when the deadline has passed but its timer is late, as after the machine was suspended. */
  isLeader(): boolean;
  start(): void;
  stop(): Promise<void>;
}

const defaultTiming: LeaseTiming = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

export function createLeaderLease(options: LeaderLeaseOptions): LeaderLease {
  const { clock, random, logger, identity } = options;
  const timing = checkedTiming(options.timing ?? defaultTiming);
  const ref = { namespace: options.namespace, name: options.name };
  const about = { lease: `${ref.namespace}/${ref.name}`, identity };
  const stopping = new AbortController();
  let observed: { record: LeaseRecord; atMs: number } | undefined;
  let leading = false;
  let safeUntilMs = 0;
  let cancelExpiry = () => {};
  let stoppingWork: Promise<void> = Promise.resolve();
  let running: Promise<void> | undefined;

  /** Writes our identity into the Lease if allowed; resolves with whether we hold it. */
  async function acquireOrRenew(): Promise<boolean> {
    const current = await options.reader.get(leases, ref);
    const nowMs = clock.nowMs();
    if (current === undefined) {
      await options.writer.create(leases, writeLease(ref, claim(undefined, identity, timing.leaseDurationMs, nowMs)));
      return true;
    }
    const record = readLease(current);
    if (observed === undefined || !sameRecord(observed.record, record)) observed = { record, atMs: nowMs };
    const free = record.holder === '' || nowMs >= observed.atMs + record.durationMs;
    if (record.holder !== identity && !free) return false;
    await options.writer.update(
      leases,
      writeLease(current.metadata, claim(record, identity, timing.leaseDurationMs, nowMs), current),
    );
    return true;
  }

  async function tryOnce(): Promise<void> {
    await stoppingWork;
    const sentAtMs = clock.nowMs();
    try {
      const ours = await inTime(acquireOrRenew());
      if (stopping.signal.aborted) return;
      if (ours) await holdUntil(sentAtMs + timing.renewDeadlineMs);
      else if (leading) await stepDown('another replica holds the lease');
    } catch (error) {
      // Unknown is not lost: the deadline decides. A conflict means that another candidate wrote first.
      logger.info({ ...about, error: describeError(error) }, 'lease not written');
    }
  }

  /** A hung request must not use up the whole deadline. Its resourceVersion guards against a late write. */
  async function inTime(attempt: Promise<boolean>): Promise<boolean> {
    const settled = new AbortController();
    const tooLate = sleep(clock, timing.renewDeadlineMs / 2, AbortSignal.any([stopping.signal, settled.signal])).then(
      () => {
        throw new AppError('KUBERNETES_UNAVAILABLE', 'no response in time', { source: 'kubernetes', retryable: true });
      },
    );
    try {
      return await Promise.race([attempt, tooLate]);
    } finally {
      settled.abort();
    }
  }

  async function holdUntil(untilMs: number): Promise<void> {
    // The deadline may have passed while the request was in flight: the work of that leadership ends before the next begins.
    await stoppingWork;
    if (stopping.signal.aborted) return;
    const leftMs = untilMs - clock.nowMs();
    if (leftMs <= 0) return;
    cancelExpiry();
    safeUntilMs = untilMs;
    cancelExpiry = clock.after(leftMs, () => {
      void stepDown('the lease could not be renewed in time');
    });
    if (leading) return;
    leading = true;
    logger.info(about, 'started leading');
    void guarded(options.onStarted);
  }

  function stepDown(reason: string): Promise<void> {
    if (!leading) return stoppingWork;
    leading = false;
    cancelExpiry();
    logger.info({ ...about, reason }, 'stopped leading');
    stoppingWork = guarded(options.onStopped);
    return stoppingWork;
  }

  async function guarded(callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback();
    } catch (error) {
      logger.error({ ...about, error: describeError(error) }, 'lease callback failed');
    }
  }

  async function release(): Promise<void> {
    try {
      const current = await options.reader.get(leases, ref);
      if (current === undefined || readLease(current).holder !== identity) return;
      await options.writer.update(
        leases,
        writeLease(current.metadata, released(readLease(current), clock.nowMs()), current),
      );
    } catch (error) {
      logger.warn({ ...about, error: describeError(error) }, 'lease not released');
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await tryOnce();
      // Candidates add jitter; a leader keeps its interval.
      const waitMs = leading ? timing.retryMs : timing.retryMs * (1 + random());
      await sleep(clock, waitMs, stopping.signal);
    }
  }

  return {
    isLeader: () => leading && clock.nowMs() < safeUntilMs,
    start() {
      running ??= run();
    },
    async stop() {
      const wasLeading = leading;
      stopping.abort();
      await running;
      await stepDown('stopping');
      if (wasLeading) await release();
    },
  };
}

function checkedTiming(timing: LeaseTiming): LeaseTiming {
  const { leaseDurationMs, renewDeadlineMs, retryMs } = timing;
  if (leaseDurationMs % 1000 === 0 && renewDeadlineMs < leaseDurationMs && retryMs < renewDeadlineMs) return timing;
  const message = 'a lease needs retry < renew deadline < lease duration, the last in whole seconds';
  throw new AppError('CONFIG_INVALID', message, { source: 'internal', retryable: false });
}

const sameRecord = (a: LeaseRecord, b: LeaseRecord): boolean => JSON.stringify(a) === JSON.stringify(b);
