/** Writes statuses and emits events about their changes. An unchanged status is not written. */
import type { StickyWorkloadStatus } from '../../api/status.ts';
import { apiVersion, kind, type StickyWorkload } from '../../api/stickyworkload.ts';
import { eventsOf, statusChanged } from '../../core/status/changes.ts';
import { listed } from '../../core/status/status.ts';
import type { EventSink, ObjectWriter, Resource, KubeObject } from '../../kube/ports.ts';
import { stickyWorkloads } from '../../kube/resources.ts';

export type StatusWriterOptions = { writer: ObjectWriter; events: EventSink };

/** `CountsDiffer`: only session counts have changed, and they were not to be written. */
export type WriteResult = 'Written' | 'Unchanged' | 'CountsDiffer';

export interface StatusWriter {
  /** The last known status: the last write may be newer than the cache, and includes the endpoints that were too many to list. */
  before(workload: StickyWorkload): StickyWorkloadStatus | undefined;
  write(workload: StickyWorkload, status: StickyWorkloadStatus, options: { countsToo: boolean }): Promise<WriteResult>;
  /** Writes the status of a Gateway API object. */
  writeOther(
    resource: Resource,
    object: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>,
    status: object,
  ): Promise<void>;
}

export function createStatusWriter({ writer, events }: StatusWriterOptions): StatusWriter {
  const written = new Map<string, StickyWorkloadStatus>();
  const writtenOther = new Map<string, string>();

  function emitChanges(
    workload: StickyWorkload,
    before: StickyWorkloadStatus | undefined,
    after: StickyWorkloadStatus,
  ): void {
    const { name, namespace, uid } = workload.metadata;
    for (const { pod, ...event } of eventsOf(before, after)) {
      const regarding = pod
        ? { apiVersion: 'v1', kind: 'Pod', namespace, ...pod }
        : { apiVersion, kind, name, namespace, uid };
      events.emit({ ...event, regarding });
    }
  }

  const before = (workload: StickyWorkload): StickyWorkloadStatus | undefined =>
    written.get(workload.metadata.uid) ?? workload.status;

  return {
    before,
    async write(workload, status, { countsToo }) {
      const { uid, name, namespace } = workload.metadata;
      const known = before(workload);
      if (!statusChanged(known && listed(known), listed(status))) {
        written.set(uid, status);
        return 'Unchanged';
      }
      if (!countsToo && !statusChanged(withoutCounts(known && listed(known)), withoutCounts(listed(status)))) {
        return 'CountsDiffer';
      }
      await writer.apply(
        stickyWorkloads,
        { apiVersion, kind, metadata: { name, namespace }, status: listed(status) },
        'status',
      );
      written.set(uid, status);
      emitChanges(workload, known, status);
      return 'Written';
    },
    async writeOther(resource, { apiVersion: version, kind: otherKind, metadata }, status) {
      const key = `${resource.plural}/${metadata.namespace ?? ''}/${metadata.name}/${metadata.uid ?? ''}`;
      const text = JSON.stringify(status);
      if (writtenOther.get(key) === text) return;
      const { name, namespace } = metadata;
      await writer.apply(
        resource,
        {
          apiVersion: version,
          kind: otherKind,
          metadata: { name, ...(namespace !== undefined && { namespace }) },
          status,
        },
        'status',
      );
      writtenOther.set(key, text);
    },
  };
}

function withoutCounts(status: StickyWorkloadStatus | undefined): StickyWorkloadStatus {
  const { sessions: _sessions, endpoints = [], ...rest } = status ?? {};
  return {
    ...rest,
    endpoints: endpoints.map(({ sessions: _count, unconfirmedSessions: _more, ...endpoint }) => endpoint),
  };
}
