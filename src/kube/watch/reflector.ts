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
 * Three back-offs, each reset only by what proves that its own cause is over: a completed list ends the failures of listing,
 * an event or bookmark ends those of watching and of expiring. Connecting proves nothing: a server that accepts each watch and
 * drops it would otherwise be asked without pause; nor does a list that is followed by the next 410.
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
  reader: ObjectReader;
  resource: Resource;
  select?: ListOptions;
  /** What of an object is kept; by default all but `metadata.managedFields`, which is often its larger half. */
  project?: (object: KubeObject) => KubeObject;
  clock: Clock;
  random: Random;
  logger: Logger;
  backoff?: BackoffRange;
  /** A watch that says nothing for so long is taken for dead. Bookmarks come about each minute, once the kind has changed at all. */
  silenceTimeoutMs?: number;
};

export interface Reflector extends Pick<ObjectStore, 'get' | 'list' | 'onChange'> {
  /** Resolves when the first list is in the store; not at all if stopped before. */
  readonly synced: Promise<void>;
  /** Empty before the first list. */
  readonly lastResourceVersion: string;
  /** Time since the server was last heard of (list, accepted watch, event or bookmark); Infinity before the first list. */
  staleMs(): number;
  start(): void;
  /** Resolves when no list, watch or wait is left. */
  stop(): Promise<void>;
}

const defaultBackoff: BackoffRange = { baseMs: 200, capMs: 30_000 };
const defaultSilenceTimeoutMs = 90_000;

/** Drops `metadata.managedFields`, which only the API server has a use for. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

/** What to do after a list or a watch has ended, and how long to wait before. */
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

  function heard(): void {
    lastContactMs = clock.nowMs();
  }

  async function list(): Promise<Next> {
    try {
      const listed = await reader.list(resource, options.select);
      if (!stopping.signal.aborted) accept(listed);
    } catch (error) {
      const waitMs = listing.next();
      logger.warn({ ...about, error: describeError(error), waitMs }, 'list failed');
      return { step: 'list', waitMs };
    }
    listing.reset();
    return { step: 'watch', waitMs: 0 };
  }

  function accept(listed: { items: KubeObject[]; resourceVersion: string }): void {
    store.replace(listed.items.map(project));
    resourceVersion = listed.resourceVersion;
    heard();
    synced.resolve();
  }

  async function watch(): Promise<Next> {
    const outcome = await follow();
    if (outcome.progressed) {
      watching.reset();
      expiring.reset();
    }
    if (isExpired(outcome.error)) {
      const waitMs = expiring.next();
      logger.info({ ...about, resourceVersion, waitMs }, 'watch expired, listing again');
      return { step: 'list', waitMs };
    }
    // Silence is no failure of the server: it may send no bookmarks. The timeout itself has spaced the attempts.
    const waitMs = outcome.silent ? backoffMs(range, 1, random) : watching.next();
    logWatchEnd(outcome, waitMs);
    return { step: 'watch', waitMs };
  }

  async function follow(): Promise<WatchOutcome> {
    const watchdog = createWatchdog(clock, options.silenceTimeoutMs ?? defaultSilenceTimeoutMs);
    const signal = AbortSignal.any([stopping.signal, watchdog.signal]);
    let progressed = false;
    try {
      for await (const event of reader.watch(resource, resourceVersion, { ...options.select, signal, onOpen: heard })) {
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
    heard();
    if (event.type === 'BOOKMARK') {
      resourceVersion = event.resourceVersion;
      return;
    }
    const object = project(event.object);
    if (event.type === 'DELETED') store.remove(object);
    else store.put(object);
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
