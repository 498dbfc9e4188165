/** The nodes that have stopped renewing their Lease, by `core/nodes`. */
import { createLeaseSilence, findLostNodes, recordRenewal } from '../../core/nodes/lease-silence.ts';
import type { KubeObject, ObjectReader } from '../../kube/ports.ts';
import { leases } from '../../kube/resources.ts';
import { createReflector } from '../../kube/watch/reflector.ts';
import type { Random } from '../../platform/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import { identityOf } from '../gather/pods.ts';

export type LostNodesOptions = {
  reader: ObjectReader;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The set of lost nodes changed. */
  onChange: () => void;
};

export interface LostNodes {
  /** The same object as long as these are the same. */
  names(): ReadonlySet<string>;
  start(): void;
  stop(): Promise<void>;
}

const namespace = 'kube-node-lease';
const checkEveryMs = 1000;
// A node that dies while the watch reconnects must not wait for the backoff of other watches.
const reconnect = { baseMs: 200, capMs: 10_000 };

/** Only its name and version: a change of the version is a renewal. */
const projectLease = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => ({
  apiVersion,
  kind,
  metadata: identityOf(metadata),
});

export function createLostNodes({ reader, clock, random, logger, onChange }: LostNodesOptions): LostNodes {
  const silence = createLeaseSilence();
  let lost: ReadonlySet<string> = new Set();
  let cancel = () => {};
  const reflector = createReflector({
    reader,
    clock,
    random,
    logger,
    resource: leases,
    select: { namespace, metadataOnly: true },
    project: projectLease,
    backoff: reconnect,
  });
  reflector.onChange(({ type, object: { metadata } }) => {
    if (type === 'DELETED') silence.seenMs.delete(metadata.name);
    else recordRenewal(silence, metadata.name, clock.nowMs());
    if (lost.has(metadata.name)) check();
  });

  function check(): void {
    const found = findLostNodes(silence, clock.nowMs());
    if (found === undefined || (found.length === lost.size && found.every((node) => lost.has(node)))) return;
    logger.warn({ before: [...lost], nodes: found }, 'nodes that do not renew their Lease');
    lost = new Set(found);
    onChange();
  }

  function checkAgain(): void {
    check();
    cancel = clock.after(checkEveryMs, checkAgain);
  }

  return {
    names: () => lost,
    start() {
      reflector.start();
      cancel = clock.after(checkEveryMs, checkAgain);
    },
    async stop() {
      cancel();
      await reflector.stop();
    },
  };
}
