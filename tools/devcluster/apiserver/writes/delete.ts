/** Deletion: preconditions, grace of pods, finalizers, and collections. */
import type { KubeObject, ObjectMeta, ObjectRef } from '../../../../src/kube/ports.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, isoSeconds, notFound, type WriteRequest } from '../cluster.ts';
import { numberAt, textAt, textsAt } from '../fields.ts';
import { detailsOf, type Kind } from '../kinds/kind.ts';
import { admit } from './admission.ts';

export type Deletion = {
  gracePeriodSeconds?: number;
  uid?: string;
  resourceVersion?: string;
};

type Target = { kind: Kind; ref: ObjectRef };

const lastingNamespaces = new Set(['default', 'kube-system', 'kube-public']);

/** `isGone` is false while grace or finalizers hold the object; `object` is its last state then. */
export type Deleted = { object: KubeObject; isGone: boolean };

export async function deleteObject(
  cluster: Cluster,
  { kind, ref }: Target,
  deletion: Deletion,
  request: WriteRequest,
): Promise<Deleted> {
  const { store, clock } = cluster;
  if (kind.entry.kind === 'Namespace' && lastingNamespaces.has(ref.name)) {
    throw new StatusError(
      'Forbidden',
      `namespaces "${ref.name}" is forbidden: this namespace may not be deleted`,
      detailsOf(kind, ref.name),
    );
  }
  const asked = store.get(kind.shelf, ref);
  if (asked === undefined) throw notFound(kind, ref.name);
  const object = kind.fromStored(asked);
  checkPreconditions(kind, object, deletion);
  await admit(cluster, { kind, operation: 'DELETE', object, old: object }, request);
  // Other clients may write while webhooks run.
  const stored = store.get(kind.shelf, ref);
  if (stored === undefined) return { object, isGone: true };
  const current = kind.fromStored(stored);
  checkPreconditions(kind, current, deletion);
  const next = markDeleted(kind, current, deletion, clock.nowMs());
  const isGone = isReleased(kind, next);
  if (request.dryRun || next === current) return { object: next, isGone };
  if (isGone) {
    store.remove(kind.shelf, stored, kind.toStored(next));
    return { object: next, isGone };
  }
  const written = store.replace(kind.shelf, stored, kind.toStored(next));
  return { object: written === undefined ? next : kind.fromStored(written), isGone };
}

function checkPreconditions({ entry }: Kind, { metadata }: KubeObject, { uid, resourceVersion }: Deletion): void {
  const { name } = metadata;
  const refuse = (what: string, [wanted, found]: readonly [string, string | undefined], end: string): never => {
    const reason = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found ?? ''}). ${end}`;
    throw new StatusError('Conflict', `Operation cannot be fulfilled on ${entry.kind} "${name}": ${reason}`, {
      name,
      kind: entry.kind,
    });
  };
  if (uid !== undefined && uid !== metadata.uid) {
    refuse('UID', [uid, metadata.uid], 'The object might have been deleted and then recreated');
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    refuse('ResourceVersion', [resourceVersion, metadata.resourceVersion], 'The object might have been modified');
  }
}

/** Returns the same object if a repeated deletion changes nothing. */
function markDeleted(kind: Kind, object: KubeObject, deletion: Deletion, nowMs: number): KubeObject {
  const { metadata } = object;
  const times = nextTimes(metadata, graceOf(kind, object, deletion), nowMs);
  if (times === undefined) return object;
  const isFirst = metadata.deletionTimestamp === undefined;
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      ...times,
      ...(isFirst && kind.countsGenerations && { generation: (metadata.generation ?? 0) + 1 }),
    },
  };
  return kind.entry.kind === 'Namespace' ? { ...marked, status: { phase: 'Terminating' } } : marked;
}

/** A later deletion can only shorten the grace period, counted from the first deletion: `deletionTimestamp` is its end. */
function nextTimes(metadata: ObjectMeta, graceSeconds: number, nowMs: number): Partial<ObjectMeta> | undefined {
  const isFirst = metadata.deletionTimestamp === undefined;
  if (!isFirst && graceSeconds >= (metadata.deletionGracePeriodSeconds ?? 0)) return undefined;
  return { deletionTimestamp: endOfGrace(metadata, graceSeconds, nowMs), deletionGracePeriodSeconds: graceSeconds };
}

function endOfGrace(
  { deletionTimestamp, deletionGracePeriodSeconds }: ObjectMeta,
  graceSeconds: number,
  nowMs: number,
): string {
  const startMs =
    deletionTimestamp === undefined ? nowMs : Date.parse(deletionTimestamp) - (deletionGracePeriodSeconds ?? 0) * 1000;
  return isoSeconds(startMs + graceSeconds * 1000);
}

/** Only scheduled pods have a grace period. */
function graceOf({ entry }: Kind, object: KubeObject, { gracePeriodSeconds }: Deletion): number {
  if (entry.kind !== 'Pod') return 0;
  const isDone = ['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase'));
  if (isDone || textAt(object, 'spec', 'nodeName') === '') return 0;
  // A negative period counts as the shortest.
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds < 0) return 1;
  return gracePeriodSeconds ?? numberAt(object, 'spec', 'terminationGracePeriodSeconds') ?? 30;
}

function isReleased({ entry }: Kind, object: KubeObject): boolean {
  const { finalizers = [], deletionGracePeriodSeconds = 0 } = object.metadata;
  const isHeld = entry.kind === 'Namespace' && textsAt(object, 'spec', 'finalizers').length > 0;
  return finalizers.length === 0 && deletionGracePeriodSeconds === 0 && !isHeld;
}

/** The body of the response: a Status for most kinds. */
export function deletionResponse(kind: Kind, { object, isGone }: Deleted): object {
  if (kind.returnsDeleted || !isGone) return object;
  const { name, uid } = object.metadata;
  const details = { ...detailsOf(kind, name), ...(uid !== undefined && { uid }) };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
