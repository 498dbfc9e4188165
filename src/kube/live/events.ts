/** Kubernetes Events (events.k8s.io/v1). Best effort: a failed event never fails the caller. */
import { sleep, type Clock } from '../../platform/clock.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { EventNote, EventSink, KubeObject, ObjectWriter } from '../ports.ts';
import { events } from '../resources.ts';
import type { Random } from '../../platform/backoff.ts';
import { formatMicroTime } from '../watch/lease-record.ts';

export type EventSinkOptions = {
  writer: Pick<ObjectWriter, 'create'>;
  /** The source: `holdfast.dev/operator` and the name of its pod. */
  reportingController: string;
  reportingInstance: string;
  clock: Clock;
  random: Random;
  logger: Logger;
};

export interface QueuedEventSink extends EventSink {
  /** Resolves when every emitted event is written or dropped. */
  flush(): Promise<void>;
}

type Occurrence = { note: EventNote; atMs: number };

/** A repeat within this time is dropped: the first event is still visible. */
const repeatAfterMs = 10 * 60_000;
const maxRemembered = 2_000;
const maxQueued = 500;
/** While the API server is unavailable events wait: an outage is what users investigate afterwards. */
const retryAfterMs = 2000;
const giveUpAfterMs = 5 * 60_000;
/** Limits of the API. */
const maxNoteLength = 1_024;
const maxNameLength = 253;

export function createEventSink(options: EventSinkOptions): QueuedEventSink {
  const { clock, logger } = options;
  /** Emitted events by key, oldest first. */
  const emittedAtMs = new Map<string, number>();
  const queue: Occurrence[] = [];
  let sending: Promise<void> | undefined;

  function emit(note: EventNote): void {
    const key = keyOf(note);
    const nowMs = clock.nowMs();
    const lastMs = emittedAtMs.get(key);
    if (lastMs !== undefined && nowMs - lastMs < repeatAfterMs) return;
    if (queue.length >= maxQueued) {
      logger.warn({ reason: note.reason, regarding: note.regarding }, 'event dropped: too many events are pending');
      return;
    }
    remember(key, nowMs);
    queue.push({ note, atMs: nowMs });
    sending ??= send();
  }

  function remember(key: string, nowMs: number): void {
    emittedAtMs.delete(key);
    emittedAtMs.set(key, nowMs);
    if (emittedAtMs.size <= maxRemembered) return;
    for (const oldest of emittedAtMs.keys()) {
      emittedAtMs.delete(oldest);
      return;
    }
  }

  async function send(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await write(next);
    sending = undefined;
  }

  async function write({ note, atMs }: Occurrence): Promise<void> {
    for (;;) {
      try {
        await options.writer.create(events, buildEvent({ note, atMs }, options));
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.retryable) || clock.nowMs() - atMs > giveUpAfterMs) {
          // Removed, so that the next occurrence is written.
          emittedAtMs.delete(keyOf(note));
          logger.warn(
            { reason: note.reason, regarding: note.regarding, error: describeError(error) },
            'event not written',
          );
          return;
        }
      }
      await sleep(clock, retryAfterMs);
    }
  }

  return {
    emit,
    async flush() {
      await sending;
    },
  };
}

const keyOf = ({ regarding, type, reason, note }: EventNote): string =>
  JSON.stringify([regarding.kind, regarding.namespace, regarding.name, regarding.uid, type, reason, note]);

function buildEvent({ note, atMs }: Occurrence, options: EventSinkOptions): KubeObject {
  const suffix = `.${atMs.toString(16)}${Math.floor(options.random() * 0x100000000).toString(16)}`;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: note.regarding.name.slice(0, maxNameLength - suffix.length) + suffix,
      // The API requires this namespace for events of cluster-scoped objects.
      namespace: note.regarding.namespace === '' ? 'default' : note.regarding.namespace,
    },
    eventTime: formatMicroTime(atMs),
    reportingController: options.reportingController,
    reportingInstance: options.reportingInstance,
    regarding: note.regarding,
    type: note.type,
    reason: note.reason,
    action: note.action,
    note: note.note.slice(0, maxNoteLength),
  };
}
