/** Writes statuses and emits events about their changes. A status that is up to date is not written. */
import type { StickyWorkloadStatus } from '../../api/status.ts';
import { apiVersion, kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import { eventsOf, statusChanged } from '../../core/status/changes.ts';
import { listed } from '../../core/status/status.ts';
import type { EventSink, KubeObject, ObjectWriter, Resource } from '../../kube/ports.ts';
import { stickyWorkloads } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import { AppError } from '../../platform/errors.ts';
import { createWrittenStatuses, type Observed } from './written-statuses.ts';

export type StatusWriterOptions = { writer: Pick<ObjectWriter, 'apply'>; events: EventSink };

/** `CountsDiffer`: only session counts have changed, and they were not to be written. */
export type WriteResult = 'Written' | 'Unchanged' | 'CountsDiffer';

/** A cached object whose status Holdfast writes. */
export type WithStatus = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'> & {
  observed: { status?: Record<string, unknown> };
};

export interface StatusWriter {
  /** The last known status: the last write may be newer than the cache, and includes the endpoints that were too many to list. */
  before(workload: StickyWorkload): StickyWorkloadStatus | undefined;
  /** `workload`: as it is cached now. */
  write(workload: CachedWorkload, status: StickyWorkloadStatus, options: { countsToo: boolean }): Promise<WriteResult>;
  /** Writes the status of an object of another kind. `object`: as it is cached now. */
  writeOther(resource: Resource, object: WithStatus, status: object): Promise<void>;
  /**
   * Writes a status with entries of several controllers, such as `parents` of a route: the API server replaces the whole list, so an object that has
   * changed since it was cached is not written. Returns when to judge it again at the latest: its change is on the way.
   */
  writeShared(resource: Resource, object: WithStatus, status: object): Promise<Recheck | undefined>;
  /** Whether the version of an object is the result of the last write here. */
  isOwn(metadata: KubeObject['metadata']): boolean;
  /** The object was deleted. */
  forget(uid: string): void;
}

type Applied = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'> & { status: object };
type CachedWorkload = StickyWorkload & { metadata: { resourceVersion?: string } };

export function createStatusWriter({ writer, events }: StatusWriterOptions): StatusWriter {
  const written = createWrittenStatuses();
  /** With all endpoints, by UID. */
  const complete = new Map<string, StickyWorkloadStatus>();

  function emitChanges(
    { metadata: { name, namespace, uid } }: StickyWorkload,
    earlier: StickyWorkloadStatus | undefined,
    later: StickyWorkloadStatus,
  ): void {
    for (const { pod, ...event } of eventsOf(earlier, later)) {
      const regarding = pod
        ? { apiVersion: 'v1', kind: 'Pod', namespace, ...pod }
        : { apiVersion, kind, name, namespace, uid };
      events.emit({ ...event, regarding });
    }
  }

  const before = (workload: StickyWorkload): StickyWorkloadStatus | undefined =>
    complete.get(workload.metadata.uid) ?? workload.status;

  /**
   * Returns false if the object is gone, or its kind is: it was deleted after it was cached, and the event of that is on its way.
   * `onlyAt`: the version that the object must have.
   */
  async function apply(resource: Resource, object: Applied, observed: Observed, onlyAt?: string): Promise<boolean> {
    const { name, namespace } = object.metadata;
    const metadata = {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(onlyAt !== undefined && { resourceVersion: onlyAt }),
    };
    const { apiVersion: version, kind: ofKind, status } = object;
    try {
      const result = await writer.apply(resource, { apiVersion: version, kind: ofKind, metadata, status }, 'status');
      written.record(status, observed, result);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'KUBERNETES_NOT_FOUND') return false;
      throw error;
    }
  }

  return {
    before,
    async write(workload, status, { countsToo }) {
      const { metadata } = workload;
      const known = before(workload);
      const observed = { ...metadata, status: workload.status };
      const shown = listed(status);
      if (written.isUpToDate(shown, observed)) {
        complete.set(metadata.uid, status);
        return 'Unchanged';
      }
      if (
        !countsToo &&
        known &&
        onlyCountsDiffer(listed(known), shown) &&
        written.agrees(withoutCounts(shown), observed)
      ) {
        return 'CountsDiffer';
      }
      if (!(await apply(stickyWorkloads, { apiVersion, kind, metadata, status: shown }, observed))) return 'Unchanged';
      complete.set(metadata.uid, status);
      emitChanges(workload, known, status);
      return 'Written';
    },
    async writeOther(resource, object, status) {
      const observed = { ...object.metadata, status: object.observed.status };
      if (!written.isUpToDate(status, observed)) await apply(resource, { ...object, status }, observed);
    },
    async writeShared(resource, object, status) {
      const observed = { ...object.metadata, status: object.observed.status };
      if (written.isUpToDate(status, observed)) return undefined;
      try {
        await apply(resource, { ...object, status }, observed, written.newestOf(observed));
        return undefined;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'KUBERNETES_CONFLICT') throw error;
        return { recheckAfterMs: outdatedForMs };
      }
    },
    isOwn: (metadata) => written.isOwn(metadata),
    forget(uid) {
      written.forget(uid);
      complete.delete(uid);
    },
  };
}

/** A watch delivers a change within milliseconds. */
const outdatedForMs = 1000;

const onlyCountsDiffer = (one: StickyWorkloadStatus, other: StickyWorkloadStatus): boolean =>
  !statusChanged(withoutCounts(one), withoutCounts(other));

function withoutCounts({ sessions: _sessions, endpoints = [], ...rest }: StickyWorkloadStatus): StickyWorkloadStatus {
  return {
    ...rest,
    endpoints: endpoints.map(({ sessions: _count, unconfirmedSessions: _more, ...endpoint }) => endpoint),
  };
}
