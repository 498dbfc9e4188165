/** What the benchmark observes in the cluster, and what it does in place of controllers. */
import { labels } from '../../src/core/names/names.ts';
import type { KubeObject, ObjectReader, ObjectWriter } from '../../src/kube/ports.ts';
import { deployments, stickyWorkloads } from '../../src/kube/resources.ts';
import { createReflector } from '../../src/kube/watch/reflector.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Logger } from '../../src/platform/log.ts';
import { addCleanup } from '../measure/cleanup.ts';
import { applyStatus } from './fill.ts';

type Follow = { reader: ObjectReader; logger: Logger };

export interface Workloads {
  /** StickyWorkloads that have the condition True. */
  countTrue(condition: string): number;
  /** Resolves when so many StickyWorkloads have the condition True. */
  untilTrue(condition: string, count: number): Promise<void>;
  /** Resolves when this StickyWorkload has the condition True. */
  untilTrueOf(condition: string, ref: { namespace: string; name: string }): Promise<void>;
}

export async function followWorkloads(follow: Follow): Promise<Workloads> {
  const reflector = await startReflector(follow, { resource: stickyWorkloads });
  const until = (reached: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!reached()) return;
        stop();
        resolve();
      };
      const stop = reflector.onChange(look);
      look();
    });
  const countTrue = (condition: string) => reflector.list().filter((workload) => isTrue(workload, condition)).length;
  return {
    countTrue,
    untilTrue: (condition, count) => until(() => countTrue(condition) >= count),
    untilTrueOf: (condition, ref) =>
      until(() => {
        const found = reflector.get(ref);
        return found !== undefined && isTrue(found, condition);
      }),
  };
}

type Conditions = { conditions?: { type: string; status: string }[] };

const isTrue = (workload: KubeObject, condition: string): boolean =>
  ((workload['status'] ?? {}) as Conditions).conditions?.some(
    ({ type, status }) => type === condition && status === 'True',
  ) ?? false;

/** Marks each proxy as running, as the Deployment controller would. */
export async function runProxies({
  writer,
  failed,
  ...follow
}: Follow & { writer: ObjectWriter; failed: (error: unknown) => void }): Promise<void> {
  const reflector = await startReflector(follow, {
    resource: deployments,
    select: { labelSelector: labels.gatewayName },
  });
  const status = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
  reflector.onChange(({ type, object }) => {
    if (type === 'ADDED') applyStatus(writer, deployments, object, status).catch(failed);
  });
}

async function startReflector(
  { reader, logger }: Follow,
  watched: Pick<Parameters<typeof createReflector>[0], 'resource' | 'select'>,
) {
  const reflector = createReflector({ ...watched, reader, clock: systemClock, random: Math.random, logger });
  reflector.start();
  addCleanup(() => reflector.stop());
  await reflector.synced;
  return reflector;
}
