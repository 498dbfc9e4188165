/** The times at which the pods of a namespace were deleted and removed, as the API server reported them. */
import { fieldManager, tokenAudience } from '../../src/core/names/names.ts';
import { createLiveCluster } from '../../src/kube/live/client.ts';
import { loadKubeConfig } from '../../src/kube/live/kube-config.ts';
import { pods } from '../../src/kube/resources.ts';
import { createReflector } from '../../src/kube/watch/reflector.ts';
import { systemClock } from '../../src/platform/clock.ts';

export type PodWatch = {
  /** Unix ms at which the deletion was received, by pod name. */
  terminatingSinceMs: Map<string, number>;
  goneAtMs: Map<string, number>;
  stop(): Promise<void>;
};

const ignore = () => undefined;

export async function watchPods(namespace: string): Promise<PodWatch> {
  const shared = {
    clock: systemClock,
    random: Math.random,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  };
  const cluster = createLiveCluster(loadKubeConfig(), {
    ...shared,
    fieldManager,
    tokenAudience,
    reportingController: 'test',
    reportingInstance: 'test',
  });
  const reflector = createReflector({ ...shared, reader: cluster, resource: pods });
  const terminatingSinceMs = new Map<string, number>();
  const goneAtMs = new Map<string, number>();
  reflector.onChange(({ type, object: { metadata } }) => {
    if (metadata.namespace !== namespace) return;
    if (metadata.deletionTimestamp !== undefined && !terminatingSinceMs.has(metadata.name)) {
      terminatingSinceMs.set(metadata.name, Date.now());
    }
    if (type === 'DELETED') goneAtMs.set(metadata.name, Date.now());
  });
  reflector.start();
  await reflector.synced;
  return {
    terminatingSinceMs,
    goneAtMs,
    stop: async () => {
      await reflector.stop();
      await cluster.close();
    },
  };
}
