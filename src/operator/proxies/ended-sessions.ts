/**
 * When the proxies of a Gateway have no session any more on the pods of a StickyWorkload that has left it: from then on their table is without its backends.
 * Those of a retired Gateway keep them until they are gone, for they may still route.
 */
import type { Ledger } from '../../core/count/ledger.ts';
import { leftKey } from '../../core/translate/left-backends.ts';
import type { HeldBackend } from '../../core/translate/built-backend.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Translated } from '../translation/translation-store.ts';
import { runningProxies } from './serving-proxies.ts';

export interface EndedSessions {
  /** By `leftKey`; the same object until it changes. */
  now(): ReadonlySet<string>;
  /** After each translation. */
  follow(translated: Pick<Translated, 'translation'>): void;
  stop(): void;
}

export type EndedSessionsPorts = {
  ledger: Pick<Ledger, 'mayUse'>;
  /** More sessions have ended. */
  onEnded: () => void;
  clock: Clock;
};

const checkEveryMs = 10_000;
/** A proxy that is slow to apply the table without the route may start one more session before it does. */
const settledAfterMs = 60_000;

export function createEndedSessions({ ledger, onEnded, clock }: EndedSessionsPorts): EndedSessions {
  /** Since when a StickyWorkload has left a Gateway. */
  let sinceMs = new Map<string, number>();
  let ended: ReadonlySet<string> = new Set();
  let latest: Pick<Translated, 'translation'> | undefined;
  let cancel: (() => void) | undefined;

  function schedule(): void {
    if (sinceMs.size > 0) cancel ??= clock.after(checkEveryMs, check);
  }

  function check(): void {
    cancel = undefined;
    const nowMs = clock.nowMs();
    const over = latest ? leftOf(latest).filter((one) => isOver(one, latest, nowMs)) : [];
    if (over.length > 0) {
      ended = new Set([...ended, ...over.map(({ key }) => key)]);
      onEnded();
    }
    schedule();
  }

  function isOver({ key, gateway, pods }: Left, translated: typeof latest, nowMs: number): boolean {
    if (translated === undefined || nowMs - (sinceMs.get(key) ?? nowMs) < settledAfterMs) return false;
    return !ledger.mayUse(runningProxies(translated.translation.index, gateway), pods, nowMs);
  }

  return {
    now: () => ended,
    follow(translated) {
      latest = translated;
      const nowMs = clock.nowMs();
      const keys = [...new Set(leftOf(translated).map(({ key }) => key))];
      sinceMs = new Map(keys.map((key) => [key, sinceMs.get(key) ?? nowMs]));
      if (ended.size > 0 && [...ended].some((key) => !sinceMs.has(key))) {
        ended = new Set([...ended].filter((key) => sinceMs.has(key)));
      }
      schedule();
    },
    stop: () => cancel?.(),
  };
}

type Left = { key: string; gateway: string; pods: string[] };

function leftOf({ translation: { left, retired, tables } }: Pick<Translated, 'translation'>): Left[] {
  return [...left.byGateway].flatMap(([gateway, backends]) => {
    if (retired.has(gateway)) return [];
    const podsOf = ({ key }: HeldBackend) => tables[gateway]?.backends[key]?.endpoints.map(({ uid }) => uid) ?? [];
    return [...Map.groupBy(backends, ({ plan }) => plan.key)].map(([workload, some]) => ({
      key: leftKey(gateway, workload),
      gateway,
      pods: some.flatMap(podsOf),
    }));
  });
}
