/**
 * Limits retries to a share of the requests, so that they do not multiply the load of an app that fails. As in GEP-3388: a fifth of the requests of
 * the last ten seconds, and ten in a second.
 *
 * Requests and time add to a balance that decays with a time constant of ten seconds; a retry takes 1. So retries that last get exactly the share
 * and the rate, and what was saved in quiet times is that of ten seconds.
 */
const intervalMs = 10_000;
const share = 0.2;
const minPerSecond = 10;

/** To which the balance tends without requests. */
const restingBalance = (minPerSecond * intervalMs) / 1000;

export interface RetryBudget {
  /** A request has arrived. */
  earn(nowMs: number): void;
  /** Returns false if there is nothing left for a retry. */
  spend(nowMs: number): boolean;
}

export function createRetryBudget(createdMs: number): RetryBudget {
  let balance = restingBalance;
  let atMs = createdMs;
  const settle = (nowMs: number) => {
    if (nowMs <= atMs) return;
    balance = restingBalance + (balance - restingBalance) * Math.exp((atMs - nowMs) / intervalMs);
    atMs = nowMs;
  };
  return {
    earn(nowMs) {
      settle(nowMs);
      balance += share;
    },
    spend(nowMs) {
      settle(nowMs);
      if (balance < 1) return false;
      balance -= 1;
      return true;
    },
  };
}
