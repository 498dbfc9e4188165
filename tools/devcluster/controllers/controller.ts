/** What all controllers have in common: they observe kinds, map changes to keys, and reconcile one key after the other. */
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ObjectRef, Resource } from '../../../src/kube/ports.ts';
import type { ClusterApi, ClusterChange } from '../cluster-api.ts';
import type { EventRecorder } from '../events.ts';
import { isSameJson } from '../schema/json.ts';
import { StatusError } from '../status-error.ts';
import { createQueue } from './queue.ts';
import type { ServedResources } from './served.ts';
import { observeServed } from './served.ts';

export type Tools = { api: ClusterApi; clock: Clock; logger: Logger; events: EventRecorder; served: ServedResources };

/** `keys`: the controller's objects that a change affects. */
export type Watch = { resource: Resource; keys: (change: ClusterChange) => readonly string[] };

export type Controller = {
  name: string;
  watches: readonly Watch[];
  /** For controllers that observe objects of every kind. */
  watchAll?: (resource: Resource, change: ClusterChange) => readonly string[];
  /** Called for one key at a time. If it throws, it is called again after a back-off. */
  reconcile: (key: string) => Promise<void>;
};

/** Returns a function that stops the controller and resolves when no work is left. */
export function runController(controller: Controller, { api, clock, logger, served }: Tools): () => Promise<void> {
  const { watchAll } = controller;
  const queue = createQueue({
    clock,
    work: controller.reconcile,
    onError(key, error) {
      const fields = { controller: controller.name, key, error: describeError(error) };
      // Another client has written meanwhile: the next attempt reads the newest version.
      if (hasReason(error, 'Conflict')) logger.debug(fields, 'controller retries');
      else logger.warn(fields, 'controller failed');
    },
  });
  const stops = controller.watches.map(({ resource, keys }) =>
    api.observe(resource, (change) => {
      for (const key of keys(change)) queue.add(key);
    }),
  );
  if (watchAll !== undefined) {
    stops.push(
      observeServed({ api, served }, (resource, change) => {
        for (const key of watchAll(resource, change)) queue.add(key);
      }),
    );
  }
  return async () => {
    for (const stop of stops) stop();
    await queue.stop();
  };
}

const hasReason = (error: unknown, reason: StatusError['reason']): boolean =>
  error instanceof StatusError && error.reason === reason;

/** For a write to an object that may no longer exist. */
export async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

/** For the creation of an object that may exist by now. */
export async function unlessExists(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

/** Writes the status of an object, unless the object is gone or has this status. */
export async function writeStatus(api: ClusterApi, resource: Resource, ref: ObjectRef, status: object): Promise<void> {
  const live = api.get(resource, ref);
  if (live === undefined || isSameJson(live['status'], status)) return;
  await unlessGone(api.update(resource, { ...live, status }, 'status'));
}
