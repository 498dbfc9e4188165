/** What may change the drain status of a pod: each input of `pod-directory.ts` and `session-sources.ts`. */
import type { Ledger } from '../../core/count/ledger.ts';
import { onPodChange, type Caches } from '../gather/caches.ts';
import type { TranslationStore } from '../translation/translation-store.ts';

export type DrainInputs = {
  caches: Pick<Caches, 'onChange'>;
  translations: Pick<TranslationStore, 'onTranslated'>;
  ledger: Pick<Ledger, 'onChange'>;
};

/**
 * The pod itself: its deletion, its grace period, a disruption, its containers. The ledger: counts, and confirmations that it drains. The
 * translation: which Gateways and running proxies it has, its StickyWorkload, a namespace that terminates; such a change may concern any pod.
 * Returns a function that unsubscribes.
 */
export function onDrainChange(
  { caches, translations, ledger }: DrainInputs,
  listener: (podUids: ReadonlySet<string> | undefined) => void,
): () => void {
  const undo = [
    onPodChange(caches, ({ pod: { pod } }) => {
      listener(new Set([pod.uid]));
    }),
    ledger.onChange(listener),
    translations.onTranslated(() => {
      listener(undefined);
    }),
  ];
  return () => {
    for (const step of undo) step();
  };
}
