/**
 * The world, translated again whenever it changed: the routing tables that discovery streams, and the verdicts that the
 * controllers act on. Every replica has one; it writes nothing.
 */
import { translate, type Translation } from '../../core/translate/translate.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { PublishedTable } from '../discovery/table-stream.ts';
import { keepTables } from './keep-tables.ts';

export type Translated = { snapshot: Snapshot; translation: Translation };

export type TranslationStoreOptions = {
  gather: () => Snapshot;
  /** Newest resourceVersion of what `gather` saw, and how long ago the caches last heard of the API server. */
  revision: () => string;
  staleMs: () => number;
  clock: Clock;
  logger: Logger;
};

export interface TranslationStore {
  latest(): Translated | undefined;
  /** The table of a Gateway, `namespace/name`. */
  table(gatewayKey: string): PublishedTable | undefined;
  /** After each translation; `changed` names the Gateways whose table differs from the one before. */
  onTranslated(listener: (changed: string[]) => void): () => void;
  /** The world changed. */
  touch(): void;
  stop(): void;
}

// A rollout touches a dozen objects at once. Long enough to take them together, short enough that a new session
// that is on its way to a pod just deleted is the only one.
const holdOffMs = 20;
// A cache that heard of the API server within this time is taken for current: bookmarks come about each minute.
const currentWithinMs = 90_000;

export function createTranslationStore({
  gather,
  revision,
  staleMs,
  clock,
  logger,
}: TranslationStoreOptions): TranslationStore {
  const listeners = new Set<(changed: string[]) => void>();
  let latest: Translated | undefined;
  let currentRevision = '0';
  let cancel: (() => void) | undefined;
  /** The last translation: where the world is so large that it takes longer than the hold-off, half of a core is left for all else. */
  let tookMs = 0;

  function run(): void {
    cancel = undefined;
    const startedMs = clock.nowMs();
    const before = latest?.translation;
    let changed: string[];
    try {
      const seen = revision();
      const snapshot = gather();
      const translation = translate(snapshot, before);
      const kept = keepTables(translation.tables, before?.tables ?? {});
      latest = { snapshot, translation: { ...translation, tables: kept.tables } };
      changed = kept.changed;
      currentRevision = seen;
    } catch (error) {
      // A snapshot that cannot be translated is a defect; proxies go on with the table they have.
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
      cancel ??= clock.after(Math.max(holdOffMs, tookMs), run);
    },
    stop: () => {
      cancel?.();
      listeners.clear();
    },
  };
}
