/**
 * A local copy of the objects of one kind, kept by list and watch.
 *
 *            ┌── failed: wait ──┐
 *            ▼                  │
 *   start ─► LISTING ───────────┤
 *            ▲      └── done ──►WATCHING ──┐
 *            │                  │   ▲      │ closed, failed or silent: wait, resume at the last version
 *            └── expired: wait ─┘   └──────┘
 *
 * Three backoffs, each reset only by what proves that its own cause is over: a completed list resets that of listing, an event or
 * bookmark those of watching and of expired versions. A connection proves nothing: a server that accepts each watch and drops it would
 * otherwise be called without pause. Nor does a list that is followed by the next 410.
 */
import type { Clock } from '../../platform/clock.ts';
import { sleep } from '../../platform/clock.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { KubeObject, ListOptions, ObjectReader, Resource, WatchEvent } from '../ports.ts';
import type { BackoffRange, Random } from '../../platform/backoff.ts';
import { backoffMs, createBackoff } from '../../platform/backoff.ts';
import type { ObjectStore } from './store.ts';
import { createObjectStore } from './store.ts';
import { createWatchdog } from './watchdog.ts';

export type ReflectorOptions = {
  reader: Pick<ObjectReader, 'list' | 'watch'>;
  resource: Resource;
  select?: ListOptions;
  /**
   * Selects the fields to keep; by default all but `metadata.managedFields`, which is often more than half of an object. Undefined: the
   * object is skipped. An exception would end the watch of all objects of the kind.
   */
  project?: (object: KubeObject) => KubeObject | undefined;
  clock: Clock;
  random: Random;
  logger: Logger;
  backoff?: BackoffRange;
  /** Called after each attempt at the first list. `isComplete`: it is in the store. */
  onFirstList?: (isComplete: boolean) => void;
  /** A watch that sends nothing for this long is closed. Bookmarks arrive about once a minute after the first change of the kind. */
  silenceTimeoutMs?: number;
};

/** Objects of which there is no list yet. `namespace`: absent for all. `error`: why the last attempt failed; absent during the first one. */
export type Unread = { namespace?: string; error?: unknown };

export interface Reflector extends Pick<ObjectStore, 'get' | 'list' | 'onChange'> {
  /** Resolves when the first list is in the store; never if stopped before. */
  readonly synced: Promise<void>;
  /** Empty once the first list is in the store. */
  unread(): Unread[];
  /** Empty before the first list. */
  readonly lastResourceVersion: string;
  /** Returns the time since the last sign of life of the server (list, accepted watch, event or bookmark); Infinity before the first list. */
  staleMs(): number;
  start(): void;
  /** Resolves when no list, watch or wait is left. */
  stop(): Promise<void>;
}

const defaultBackoff: BackoffRange = { baseMs: 200, capMs: 30_000 };
const defaultSilenceTimeoutMs = 90_000;

/** Returns the object without `metadata.managedFields`, which only the API server needs. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

/** The step after a list or a watch has ended, and the delay before it. */
type Next = { step: 'list' | 'watch'; waitMs: number };

type WatchOutcome = { progressed: boolean; silent: boolean; error?: unknown };

const isExpired = (error: unknown): boolean => error instanceof AppError && error.code === 'KUBERNETES_EXPIRED';

export function createReflector(options: ReflectorOptions): Reflector {
  const { reader, resource, clock, random, logger } = options;
  const project = options.project ?? withoutManagedFields;
  const range = options.backoff ?? defaultBackoff;
  const listing = createBackoff(range, random);
  const watching = createBackoff(range, random);
  const expiring = createBackoff(range, random);

  const about = { group: resource.group, resource: resource.plural };
  const store = createObjectStore((error) => {
    logger.error({ ...about, error: describeError(error) }, 'change listener failed');
  });
  const synced = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let resourceVersion = '';
  let lastContactMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const { namespace } = options.select ?? {};
  let unread: Unread[] = [{ ...(namespace !== undefined && { namespace }) }];

  function contacted(): void {
    lastContactMs = clock.nowMs();
  }

  async function list(): Promise<Next> {
    try {
      const listed = await reader.list(resource, options.select);
      if (!stopping.signal.aborted) accept(listed);
    } catch (error) {
      const waitMs = listing.next();
      logger.warn({ ...about, error: describeError(error), waitMs }, 'list failed');
      readFirst(unread.map((part) => ({ ...part, error })));
      return { step: 'list', waitMs };
    }
    listing.reset();
    return { step: 'watch', waitMs: 0 };
  }

  function accept(listed: { items: KubeObject[]; resourceVersion: string }): void {
    store.replace(listed.items.flatMap((item) => project(item) ?? []));
    resourceVersion = listed.resourceVersion;
    contacted();
    synced.resolve();
    readFirst([]);
  }

  function readFirst(left: Unread[]): void {
    const wasUnread = unread.length > 0;
    unread = left;
    if (wasUnread) options.onFirstList?.(unread.length === 0);
  }

  async function watch(): Promise<Next> {
    const outcome = await follow();
    if (outcome.progressed) {
      watching.reset();
      expiring.reset();
    }
    if (isExpired(outcome.error)) {
      const waitMs = expiring.next();
      logger.info({ ...about, resourceVersion, waitMs }, 'watch expired; listing again');
      return { step: 'list', waitMs };
    }
    // Silence is not a failure of the server: it may send no bookmarks. The timeout itself has spaced the attempts.
    const waitMs = outcome.silent ? backoffMs(range, 1, random) : watching.next();
    logWatchEnd(outcome, waitMs);
    return { step: 'watch', waitMs };
  }

  async function follow(): Promise<WatchOutcome> {
    const watchdog = createWatchdog(clock, options.silenceTimeoutMs ?? defaultSilenceTimeoutMs);
    const signal = AbortSignal.any([stopping.signal, watchdog.signal]);
    let progressed = false;
    try {
      for await (const event of reader.watch(resource, resourceVersion, {
        ...options.select,
        signal,
        onOpen: contacted,
      })) {
        if (signal.aborted) break;
        watchdog.feed();
        progressed = true;
        apply(event);
      }
      return { progressed, silent: watchdog.signal.aborted };
    } catch (error) {
      return { progressed, silent: watchdog.signal.aborted, error };
    } finally {
      watchdog.end();
    }
  }

  function apply(event: WatchEvent): void {
    contacted();
    if (event.type === 'BOOKMARK') {
      resourceVersion = event.resourceVersion;
      return;
    }
    const object = project(event.object);
    if (event.type === 'DELETED') store.remove(object ?? event.object);
    else if (object) store.put(object);
    resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
  }

  function logWatchEnd(outcome: WatchOutcome, waitMs: number): void {
    if (stopping.signal.aborted) return;
    if (outcome.error === undefined) {
      logger.debug({ ...about, silent: outcome.silent, waitMs }, 'watch ended, resuming');
    } else logger.warn({ ...about, error: describeError(outcome.error), waitMs }, 'watch failed');
  }

  async function run(): Promise<void> {
    let next: Next = { step: 'list', waitMs: 0 };
    while (!stopping.signal.aborted) {
      next = next.step === 'list' ? await list() : await watch();
      if (next.waitMs > 0) await sleep(clock, next.waitMs, stopping.signal);
    }
  }

  return {
    get: store.get,
    list: store.list,
    onChange: store.onChange,
    synced: synced.promise,
    unread: () => unread,
    get lastResourceVersion() {
      return resourceVersion;
    },
    staleMs: () => clock.nowMs() - lastContactMs,
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
