/** What all controllers have in common: they observe kinds, turn changes into keys, and bring one key after the other in order. */
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { Resource } from '../../../src/kube/ports.ts';
import type { ClusterApi, ClusterChange } from '../cluster-api.ts';
import { StatusError } from '../status-error.ts';
import type { EventRecorder } from './events.ts';
import type { Recheck } from './queue.ts';
import { createQueue } from './queue.ts';
import type { ServedResources } from './served.ts';
import { observeServed } from './served.ts';

export type Tools = { api: ClusterApi; clock: Clock; logger: Logger; events: EventRecorder; served: ServedResources };

/** `keys`: which of the controller's objects a change concerns. */
export type Watch = { resource: Resource; keys: (change: ClusterChange) => readonly string[] };

export type Controller = {
  name: string;
  watches: readonly Watch[];
  /** For controllers that look at objects of every kind. */
  watchAll?: (resource: Resource, change: ClusterChange) => readonly string[];
  /** Called for one key at a time. Throwing: again after a back-off. */
  reconcile: (key: string) => Promise<Recheck | undefined>;
};

/** Answers what ends it, and resolves when no work is left. */
export function runController(controller: Controller, { api, clock, logger, served }: Tools): () => Promise<void> {
  const { watchAll } = controller;
  const queue = createQueue({
    clock,
    work: controller.reconcile,
    onError(key, error) {
      const fields = { controller: controller.name, key, error: describeError(error) };
      // Somebody else wrote in between: the next try reads the newest version.
      if (isRefusal(error, 'Conflict')) logger.debug(fields, 'controller tries again');
      else logger.warn(fields, 'controller failed');
    },
  });
  const ends = controller.watches.map(({ resource, keys }) =>
    api.observe(resource, (change) => {
      for (const key of keys(change)) queue.add(key);
    }),
  );
  if (watchAll !== undefined) {
    ends.push(
      observeServed({ api, served }, (resource, change) => {
        for (const key of watchAll(resource, change)) queue.add(key);
      }),
    );
  }
  return async () => {
    for (const end of ends) end();
    await queue.stop();
  };
}

const isRefusal = (error: unknown, reason: StatusError['reason']): boolean =>
  error instanceof StatusError && error.reason === reason;

/** For a write to what may be gone by now. */
export async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isRefusal(error, 'NotFound')) throw error;
  }
}

/** For the creation of what may be there by now. */
export async function unlessThere(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
  }
}
