/** The objects that the demo has made in a cluster of somebody else: what is not in here is never touched. */
import { pods } from '../../../src/kube/resources.ts';
import type { KubeObject, ListOptions, ObjectReader, ObjectWriter, Resource } from '../../../src/kube/ports.ts';
import { AppError, describeError } from '../../../src/platform/errors.ts';
import { sleep, type Clock } from '../../../src/platform/clock.ts';
import { kindOf } from './kinds.ts';

/** A namespace takes its time. */
const goneLimitMs = 120_000;
const lookEveryMs = 500;
/** The customers have left. Who has looked at the shop in a browser would hold a pod until the idle timeout. */
const podGraceSeconds = 5;

export type Cluster = Pick<ObjectReader, 'get' | 'list'> &
  Pick<ObjectWriter, 'create' | 'delete'> & {
    /** Deletes a pod, which then has so long at most. */
    endPod(pod: KubeObject, gracePeriodSeconds: number): Promise<void>;
  };

type CreatedResource = { resource: Resource; object: KubeObject };

export interface CreatedResources {
  /** Throws where one of that name is there. */
  create(object: KubeObject): Promise<void>;
  /** Those made last go first, and each is waited for. Answers what could not be removed, a line each. */
  remove(): Promise<string[]>;
}

export function trackCreatedResources(cluster: Cluster, clock: Clock): CreatedResources {
  const made: CreatedResource[] = [];
  return {
    async create(object) {
      const resource = kindOf(object);
      made.push({ resource, object: await createNew(cluster, resource, object) });
    },
    async remove() {
      const left: string[] = [];
      for (const created of made.splice(0).toReversed()) {
        await removeOne(cluster, clock, created).catch((error: unknown) =>
          left.push(`${nameOf(created)}: ${describeError(error)}`),
        );
      }
      return left;
    },
  };
}

async function createNew(cluster: Cluster, resource: Resource, object: KubeObject): Promise<KubeObject> {
  try {
    return await cluster.create(resource, object);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) throw error;
    const { name, namespace } = object.metadata;
    const place = namespace === undefined ? '' : ` -n ${namespace}`;
    const what = `there is a ${resource.kind} ${name} already, which is not of this demo`;
    throw new Error(`${what}: where nobody needs it, kubectl delete ${resource.plural} ${name}${place}`, {
      cause: error,
    });
  }
}

const nameOf = ({ resource, object: { metadata } }: CreatedResource): string =>
  [resource.kind, metadata.namespace, metadata.name].filter(Boolean).join(' ');

async function removeOne(cluster: Cluster, clock: Clock, created: CreatedResource): Promise<void> {
  const { uid, ...ref } = created.object.metadata;
  await cluster.delete(created.resource, ref, uid);
  const endMs = clock.nowMs() + goneLimitMs;
  while ((await isThere(cluster, created)) || (await endPods(cluster, created)) > 0) {
    if (clock.nowMs() > endMs) throw new Error(`still there after ${goneLimitMs / 1000} s`);
    await sleep(clock, lookEveryMs);
  }
}

async function isThere(cluster: Cluster, { resource, object }: CreatedResource): Promise<boolean> {
  const { uid, ...ref } = object.metadata;
  return (await cluster.get(resource, ref))?.metadata.uid === uid;
}

/**
 * Answers how many pods of it are left: the namespace controller of Kubernetes comes back to a namespace that has pods only after half of
 * their termination grace. Only those that end already are hurried: any other would be replaced, again and again.
 */
async function endPods(cluster: Cluster, { object }: CreatedResource): Promise<number> {
  const select = podsOf(object);
  if (select === undefined) return 0;
  const { items } = await cluster.list(pods, {
    fieldSelector: `metadata.namespace=${object.metadata.namespace ?? ''}`,
    ...select,
  });
  for (const pod of items.filter(hasLong)) await cluster.endPod(pod, podGraceSeconds);
  return items.length;
}

function hasLong({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds > podGraceSeconds;
}

/** Which pods go with an object: those of a Deployment, and with the last StickyWorkload of the namespace its proxies, too. */
function podsOf(object: KubeObject): ListOptions | undefined {
  if (object.kind === 'StickyWorkload') return {};
  if (!isSelecting(object)) return undefined;
  return {
    labelSelector: Object.entries(object.spec.selector.matchLabels)
      .map((pair) => pair.join('='))
      .join(','),
  };
}

type Selecting = KubeObject & { spec: { selector: { matchLabels: Record<string, string> } } };
const isSelecting = (object: KubeObject): object is Selecting => object.kind === 'Deployment';
