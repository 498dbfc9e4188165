/** The objects that the demo has created in an existing cluster. Objects that are not recorded here are never changed. */
import { pods } from '../../../src/kube/resources.ts';
import type { KubeObject, ListOptions, ObjectReader, ObjectWriter, Resource } from '../../../src/kube/ports.ts';
import { AppError, describeError } from '../../../src/platform/errors.ts';
import { sleep, type Clock } from '../../../src/platform/clock.ts';
import { kindOf } from './kinds.ts';

/** The deletion of a namespace takes long. */
const goneLimitMs = 120_000;
const pollEveryMs = 500;
/** The customers have logged out, but a visitor with a browser would hold a pod until the idle timeout. */
const podGraceSeconds = 5;

export type Cluster = Pick<ObjectReader, 'get' | 'list'> &
  Pick<ObjectWriter, 'create' | 'delete'> & {
    /** Deletes a pod again, with a shorter grace period. */
    shortenGrace(pod: KubeObject, gracePeriodSeconds: number): Promise<void>;
  };

type CreatedResource = { resource: Resource; object: KubeObject };

export interface CreatedResources {
  /** Throws where an object of that name exists. */
  create(object: KubeObject): Promise<void>;
  /** Removes the newest first, and waits for each. Returns a line for each object that could not be removed. */
  remove(): Promise<string[]>;
}

export function trackCreatedResources(cluster: Cluster, clock: Clock): CreatedResources {
  const records: CreatedResource[] = [];
  return {
    async create(object) {
      const resource = kindOf(object);
      records.push({ resource, object: await createNew(cluster, resource, object) });
    },
    async remove() {
      const left: string[] = [];
      for (const created of records.splice(0).toReversed()) {
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
    const what = `${resource.kind} ${name} already exists and was not created by this demo`;
    throw new Error(`${what}: if it is not needed, remove it with kubectl delete ${resource.plural} ${name}${place}`, {
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
  while ((await isThere(cluster, created)) || (await shortenPodGraces(cluster, created)) > 0) {
    if (clock.nowMs() > endMs) throw new Error(`it still exists after ${goneLimitMs / 1000} s`);
    await sleep(clock, pollEveryMs);
  }
}

async function isThere(cluster: Cluster, { resource, object }: CreatedResource): Promise<boolean> {
  const { uid, ...ref } = object.metadata;
  return (await cluster.get(resource, ref))?.metadata.uid === uid;
}

/**
 * Returns the number of its pods that are left. Shortens their grace period, because the namespace controller of Kubernetes retries a namespace with
 * pods only after half of it. Only terminating pods are touched: the workload controller would replace any other, again and again.
 */
async function shortenPodGraces(cluster: Cluster, { object }: CreatedResource): Promise<number> {
  const select = podsOf(object);
  if (select === undefined) return 0;
  const { items } = await cluster.list(pods, {
    fieldSelector: `metadata.namespace=${object.metadata.namespace ?? ''}`,
    ...select,
  });
  for (const pod of items.filter(hasLong)) await cluster.shortenGrace(pod, podGraceSeconds);
  return items.length;
}

function hasLong({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds > podGraceSeconds;
}

/** Selects the pods that are deleted with an object: those of a Deployment; with the last StickyWorkload of a namespace also its proxies. */
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
