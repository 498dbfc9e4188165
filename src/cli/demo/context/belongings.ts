/** The objects that the demo has made in a cluster of somebody else: what is not in here is never touched. */
import { pods } from '../../../kube/resources.ts';
import type { KubeObject, ListOptions, ObjectReader, ObjectWriter, Resource } from '../../../kube/ports.ts';
import { AppError, describeError } from '../../../platform/errors.ts';
import { sleep, type Clock } from '../../../platform/clock.ts';
import { kindOf } from './kinds.ts';

/** A namespace takes its time. */
const goneLimitMs = 120_000;
const lookEveryMs = 500;
/** The customers have left. Who has looked at the shop in a browser would hold a pod until the idle timeout, and a proxy as long as the connection is open. */
const podGraceSeconds = 5;

export type Cluster = Pick<ObjectReader, 'get' | 'list'> &
  Pick<ObjectWriter, 'create' | 'delete'> & {
    /** Deletes the pods of a namespace, which then have so long at most. */
    endPods(namespace: string, gracePeriodSeconds: number): Promise<void>;
  };

type Belonging = { resource: Resource; object: KubeObject };

export interface Belongings {
  /** Throws where one of that name is there. */
  create(object: KubeObject): Promise<void>;
  /** Those made last go first, and each is waited for. Answers what could not be removed, a line each. */
  remove(): Promise<string[]>;
}

export function createBelongings(cluster: Cluster, clock: Clock): Belongings {
  const made: Belonging[] = [];
  return {
    async create(object) {
      const resource = kindOf(object);
      made.push({ resource, object: await createNew(cluster, resource, object) });
    },
    async remove() {
      const left: string[] = [];
      for (const belonging of made.splice(0).toReversed()) {
        await removeOne(cluster, clock, belonging).catch((error: unknown) => left.push(`${nameOf(belonging)}: ${describeError(error)}`));
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
    throw new Error(`${what}: where nobody needs it, kubectl delete ${resource.plural} ${name}${place}`, { cause: error });
  }
}

const nameOf = ({ resource, object: { metadata } }: Belonging): string => [resource.kind, metadata.namespace, metadata.name].filter(Boolean).join(' ');

async function removeOne(cluster: Cluster, clock: Clock, { resource, object }: Belonging): Promise<void> {
  const { uid, ...ref } = object.metadata;
  await cluster.delete(resource, ref, uid);
  const endMs = clock.nowMs() + goneLimitMs;
  while (!(await isGone(cluster, { resource, object }))) {
    if (podsOf({ resource, object })) await cluster.endPods(object.metadata.namespace ?? '', podGraceSeconds);
    if (clock.nowMs() > endMs) throw new Error(`still there after ${goneLimitMs / 1000} s`);
    await sleep(clock, lookEveryMs);
  }
}

/** With its pods: the namespace controller of Kubernetes comes back to a namespace that has pods only after half of their termination grace. */
async function isGone(cluster: Cluster, { resource, object }: Belonging): Promise<boolean> {
  const { uid, ...ref } = object.metadata;
  if ((await cluster.get(resource, ref))?.metadata.uid === uid) return false;
  const select = podsOf({ resource, object });
  return select === undefined || (await cluster.list(pods, { fieldSelector: `metadata.namespace=${ref.namespace ?? ''}`, ...select })).items.length === 0;
}

/** Which pods go with an object: those of a Deployment, and with the last StickyWorkload of the namespace its proxies, too. */
function podsOf({ object }: Belonging): ListOptions | undefined {
  if (object.kind === 'StickyWorkload') return {};
  if (!isSelecting(object)) return undefined;
  return { labelSelector: Object.entries(object.spec.selector.matchLabels).map((pair) => pair.join('=')).join(',') };
}

type Selecting = KubeObject & { spec: { selector: { matchLabels: Record<string, string> } } };
const isSelecting = (object: KubeObject): object is Selecting => object.kind === 'Deployment';
