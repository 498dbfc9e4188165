/** Reads that many callers need at the same time, such as the pods of one rollout: of each key, one read runs and one follows. */
import type { Clock } from '../../platform/clock.ts';

/** The read that follows waits no longer: one request without a response, as on a connection that is lost, must not fail all others. */
const patienceMs = 1000;

/** A read that has begun may lack what was written since, so a caller never joins it, but the one that follows. */
export function createSharedReads<T>(read: (key: string) => Promise<T>, clock: Clock): (key: string) => Promise<T> {
  /** Of each key, the end of its newest read. */
  const running = new Map<string, Promise<void>>();
  const following = new Map<string, Promise<T>>();

  function begin(key: string): Promise<T> {
    following.delete(key);
    const result = read(key);
    const over = new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        if (running.get(key) === over) running.delete(key);
        resolve();
      };
      const cancel = clock.after(patienceMs, end);
      result.then(end, end);
    });
    running.set(key, over);
    return result;
  }

  return (key) => {
    const begun = running.get(key);
    if (begun === undefined) return begin(key);
    const next = following.get(key) ?? begun.then(() => begin(key));
    following.set(key, next);
    return next;
  };
}
