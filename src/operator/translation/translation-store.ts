/**
 * The latest translation of the cluster state: the routing tables that discovery streams, and the verdicts that the
 * controller acts on. Every replica has one; it writes nothing.
 */
import { translate } from '../../core/translate/translate.ts';
import type { Translation } from '../../core/translate/translation.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { Fault } from '../gather/faults.ts';
import type { PublishedTable } from '../discovery/resource-stream.ts';
import { keepTables } from './keep-tables.ts';
import { createQuarantine } from './quarantine.ts';

/** `faults`: objects that cannot be read or translated. The snapshot has them as they were last, or not at all. */
export type Translated = { snapshot: Snapshot; translation: Translation; faults: Fault[] };

export type TranslationStoreOptions = {
  gather: () => Snapshot;
  /** Objects that `gather` lacks, or has as they were, because they cannot be read. */
  unreadable: () => Fault[];
  /** Newest resourceVersion that `gather` read, and the time since the caches last received anything from the API server. */
  revision: () => string;
  staleMs: () => number;
  /** Called for each translation. */
  observe: () => void;
  clock: Clock;
  logger: Logger;
};

export interface TranslationStore {
  latest(): Translated | undefined;
  /** The table of a Gateway, `namespace/name`. */
  table(gatewayKey: string): PublishedTable | undefined;
  /** After each translation; `changed` names the Gateways whose table differs from the one before. */
  onTranslated(listener: (changed: string[]) => void): () => void;
  /** Schedules a translation. */
  touch(): void;
  stop(): void;
}

// A rollout changes a dozen objects at once. The debounce is long enough to translate them together, and short enough that
// few new sessions start on a pod that was just deleted.
const debounceMs = 10;
// A cache that received something within this time counts as current: bookmarks arrive about every minute.
const currentWithinMs = 90_000;

export function createTranslationStore({
  gather,
  unreadable,
  revision,
  staleMs,
  observe,
  clock,
  logger,
}: TranslationStoreOptions): TranslationStore {
  const listeners = new Set<(changed: string[]) => void>();
  let latest: Translated | undefined;
  let currentRevision = '0';
  let cancel: (() => void) | undefined;
  /** The next translation begins no earlier: a pause as long as the last one took leaves half of a core for other work. */
  let earliestMs = 0;

  const quarantine = createQuarantine((snapshot) => translate(snapshot, latest?.translation));

  function logNew(faults: readonly Fault[], known: readonly Fault[]): void {
    for (const fault of faults) if (!known.includes(fault)) logger.error(fault, 'object not translated');
  }

  function run(): void {
    cancel = undefined;
    const startedMs = clock.nowMs();
    const before = latest?.translation;
    let changed: string[];
    observe();
    try {
      const seen = revision();
      const { snapshot, result, faults: untranslatable } = quarantine(gather(), latest?.snapshot);
      const faults = [...unreadable(), ...untranslatable];
      const kept = keepTables(result.tables, before?.tables ?? {});
      logNew(faults, latest?.faults ?? []);
      latest = { snapshot, translation: { ...result, tables: kept.tables }, faults };
      changed = kept.changed;
      currentRevision = seen;
    } catch (error) {
      // No single object is the cause; proxies keep their last table.
      logger.error({ error: describeError(error) }, 'translation failed');
      return;
    }
    for (const listener of listeners) listener(changed);
    const endedMs = clock.nowMs();
    earliestMs = endedMs + (endedMs - startedMs);
  }

  return {
    latest: () => latest,
    table(gatewayKey) {
      const table = latest?.translation.tables[gatewayKey];
      if (!latest || !table) return undefined;
      const behindMs = staleMs();
      const asOfMs = clock.nowMs() - (behindMs <= currentWithinMs ? 0 : behindMs);
      return { revision: currentRevision, asOfMs, table, isRetired: latest.translation.retired.has(gatewayKey) };
    },
    onTranslated(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    touch: () => {
      cancel ??= clock.after(Math.max(debounceMs, earliestMs - clock.nowMs()), run);
    },
    stop: () => {
      cancel?.();
      listeners.clear();
    },
  };
}
