/** Waits that have a limit, and that end when the operator does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../measure/program.ts';
import { sumWithoutLease, type AuditLog } from './audit.ts';

export interface Patience {
  /** Ends every wait: a write of the benchmark itself failed. */
  fail(error: unknown): void;
  /** `whatIsSeen`: said when the limit is over. */
  until(reached: Promise<void>, limit: { ms: number; whatIsSeen: () => string }): Promise<void>;
}

const lastWords = 500;

export function createPatience(operator: Program): Patience {
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  const said = () => `the operator said: ${operator.tail().slice(-lastWords)}`;
  void operator.exited.then(() => fail(new Error(`the operator ended; ${said()}`)));
  // It also rejects when nobody waits: at the end of the operator's time.
  failed.catch(() => {});
  return {
    fail: (error) => fail(error),
    async until(reached, { ms, whatIsSeen }) {
      const waited = new AbortController();
      const late = sleep(ms, undefined, { signal: waited.signal }).then(
        () => Promise.reject(new Error(`after ${ms / 1000} s ${whatIsSeen()}; ${said()}`)),
        () => {},
      );
      await Promise.race([reached, failed, late]).finally(() => waited.abort());
    },
  };
}

/** So long without a write, and what was begun has been carried out. */
const quietMs = 5000;

/** Until the operator has written nothing but its Lease for a while. */
export async function untilQuiet(audit: AuditLog): Promise<void> {
  let position: number;
  do {
    position = audit.position();
    await sleep(quietMs);
  } while (sumWithoutLease(audit.since(position)) > 0);
}
