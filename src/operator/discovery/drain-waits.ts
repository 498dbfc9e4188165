/**
 * Requests of sidecars that wait until the drain status of their pod changes. One for each pod: a newer one ends the older, whose sidecar has
 * given it up or asks something else. A request waits only while the cache shows the deletion of its pod: then every change is noticed here.
 */
import type { DrainStatus } from '../../wire/messages.ts';
import type { Clock } from '../../platform/clock.ts';
import type { PodRef } from './caller.ts';

export type DrainWaitPorts = {
  /** Returns the status as the cache shows it; undefined unless the cache shows the deletion. */
  peek: (pod: PodRef) => Extract<DrainStatus, { terminating: true }> | undefined;
  /** Calls back with the UIDs of pods whose status may differ; undefined: that of any pod. Returns a function that unsubscribes. */
  onChange: (listener: (podUids: ReadonlySet<string> | undefined) => void) => () => void;
  /** When this replica stops, all requests are answered. */
  stopping: AbortSignal;
  clock: Clock;
};

/** `known`: the version that the sidecar has. `left`: it no longer waits. */
export type DrainWait = { known: string; forMs: number; left: AbortSignal };

export interface DrainWaits {
  /** Resolves when the pod's status has another version, after `forMs`, or at once if it cannot be noticed. */
  untilChanged(pod: PodRef, wait: DrainWait): Promise<void>;
}

type Waiter = { pod: PodRef; known: string; end: () => void };

/** Below the time after which load balancers and NAT close idle connections, a minute and more. */
const maxDrainWaitMs = 25_000;
/** A waiting request takes 50 kB, for its connection. The others poll. */
const maxWaiting = 6000;
/** Reports become too old without an event. */
const recheckMs = 1000;

export function createDrainWaits({ peek, onChange, stopping, clock }: DrainWaitPorts): DrainWaits {
  /** By pod UID. */
  const waiting = new Map<string, Waiter>();
  let stopWatching: (() => void) | undefined;

  const check = (waiter: Waiter | undefined) => {
    if (waiter !== undefined && peek(waiter.pod)?.version !== waiter.known) waiter.end();
  };
  const checkAll = () => {
    for (const waiter of waiting.values()) check(waiter);
  };
  /** Only while a request waits. */
  function watch(): () => void {
    let cancel = () => {};
    const recheck = () => {
      cancel = clock.after(recheckMs, recheck);
      checkAll();
    };
    cancel = clock.after(recheckMs, recheck);
    const unsubscribe = onChange((podUids) => {
      if (podUids === undefined) checkAll();
      else for (const uid of podUids) check(waiting.get(uid));
    });
    return () => {
      cancel();
      unsubscribe();
    };
  }
  function remove(waiter: Waiter): void {
    if (waiting.get(waiter.pod.uid) === waiter) waiting.delete(waiter.pod.uid);
    if (waiting.size > 0) return;
    stopWatching?.();
    stopWatching = undefined;
  }

  stopping.addEventListener('abort', () => {
    for (const { end } of waiting.values()) end();
  });

  return {
    untilChanged(pod, { known, forMs, left }) {
      waiting.get(pod.uid)?.end();
      if (stopping.aborted || left.aborted || waiting.size >= maxWaiting) return Promise.resolve();
      return new Promise((resolve) => {
        const end = () => {
          cancel();
          left.removeEventListener('abort', end);
          remove(waiter);
          resolve();
        };
        const waiter: Waiter = { pod, known, end };
        const cancel = clock.after(Math.min(forMs, maxDrainWaitMs), end);
        left.addEventListener('abort', end);
        waiting.set(pod.uid, waiter);
        stopWatching ??= watch();
        // It may have changed since the caller read it.
        check(waiter);
      });
    },
  };
}
