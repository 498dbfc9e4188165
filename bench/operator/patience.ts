/** Waits with a time limit that fail when the operator exits. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../measure/program.ts';
import { sumWithoutLease, type AuditLog } from './audit.ts';

export interface Patience {
  /** Fails every wait: a write of the benchmark itself failed. */
  fail(error: unknown): void;
  /** `describeState` returns what was observed, for the error message when the time limit has passed. */
  until(reached: Promise<void>, limit: { ms: number; describeState: () => string }): Promise<void>;
}

const tailLength = 500;

export function createPatience(operator: Program): Patience {
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  const output = () => `the operator logged: ${operator.tail().slice(-tailLength)}`;
  void operator.exited.then(() => fail(new Error(`the operator exited; ${output()}`)));
  // It also rejects when no caller waits: when the operator is stopped at the end.
  failed.catch(() => {});
  return {
    fail: (error) => fail(error),
    async until(reached, { ms, describeState }) {
      const waited = new AbortController();
      const late = sleep(ms, undefined, { signal: waited.signal }).then(
        () => Promise.reject(new Error(`after ${ms / 1000} s ${describeState()}; ${output()}`)),
        () => {},
      );
      await Promise.race([reached, failed, late]).finally(() => waited.abort());
    },
  };
}

/** After this long without a write, all pending work is done. */
const quietMs = 5000;

/** Resolves when the operator has written nothing but its Lease for a while. */
export async function untilQuiet(audit: AuditLog): Promise<void> {
  let position: number;
  do {
    position = audit.position();
    await sleep(quietMs);
  } while (sumWithoutLease(audit.since(position)) > 0);
}
