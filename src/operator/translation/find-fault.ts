import type { Fault } from '../gather/faults.ts';
import type { Translated } from './translation-store.ts';

/** Returns why an object cannot be translated; undefined if it can. `key`: `namespace/name`. */
export const findFault = (translated: Translated | undefined, kind: string, key: string): Fault | undefined =>
  translated?.faults.find((fault) => fault.kind === kind && `${fault.namespace}/${fault.name}` === key);
