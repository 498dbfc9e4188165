/**
 * The latest translation of the cluster state: the routing tables that discovery streams, and the verdicts that the
 * controller acts on. Every replica has one; it writes nothing.
 */
import { translate, type Translation } from '../../core/translate/translate.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { PublishedTable } from '../discovery/resource-stream.ts';
import { keepTables } from './keep-tables.ts';

export type Translated = { snapshot: Snapshot; translation: Translation };

export type TranslationStoreOptions = {
  gather: () => Snapshot;
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
const debounceMs = 20;
// A cache that received something within this time counts as current: bookmarks arrive about every minute.
const currentWithinMs = 90_000;

export function createTranslationStore({
  gather,
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
  /** Duration of the last translation. Where it exceeds the debounce, the next one waits as long, which leaves half of a core for other work. */
  let tookMs = 0;

  function run(): void {
    cancel = undefined;
    const startedMs = clock.nowMs();
    const before = latest?.translation;
    let changed: string[];
    observe();
    try {
      const seen = revision();
      const snapshot = gather();
      const translation = translate(snapshot, before);
      const kept = keepTables(translation.tables, before?.tables ?? {});
      latest = { snapshot, translation: { ...translation, tables: kept.tables } };
      changed = kept.changed;
      currentRevision = seen;
    } catch (error) {
      // A snapshot that cannot be translated is a bug; proxies keep their last table.
      logger.error({ error: describeError(error) }, 'translation failed');
      return;
    }
    for (const listener of listeners) listener(changed);
    tookMs = clock.nowMs() - startedMs;
  }

  return {
    latest: () => latest,
    table(gatewayKey) {
      const table = latest?.translation.tables[gatewayKey];
      if (!table) return undefined;
      const behindMs = staleMs();
      return { revision: currentRevision, asOfMs: clock.nowMs() - (behindMs <= currentWithinMs ? 0 : behindMs), table };
    },
    onTranslated(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    touch: () => {
      cancel ??= clock.after(Math.max(debounceMs, tookMs), run);
    },
    stop: () => {
      cancel?.();
      listeners.clear();
    },
  };
}
