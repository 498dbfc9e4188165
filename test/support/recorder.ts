/** The test cluster as each replica of the operator reaches it: writes and events are recorded, and a replica can be disconnected. */
import type { ObjectRef, Resource } from '../../src/kube/ports.ts';
import type { Cluster } from '../../src/operator/options.ts';
import { AppError } from '../../src/platform/errors.ts';
import type { TestCluster } from './cluster/test-cluster.ts';

/** Changes by the operator: writes as `verb Kind namespace/name`, events as `type reason name`, both in order. */
export type Changes = { writes: string[]; events: string[] };

export interface Recorder {
  clusterOf(replica: string): Cluster;
  /** Returns the changes since the last call, without failed writes. */
  takeChanges(): Changes;
  /** The replicas that wrote since the last `takeChanges`, once each. */
  writers(): string[];
  /** Disconnects the replica from the API server; its open watches stay open. */
  cut(replica: string): void;
  mend(replica: string): void;
}

export function createRecorder(cluster: TestCluster): Recorder {
  let writes: { replica: string; line: string }[] = [];
  let events: string[] = [];
  const cutOff = new Set<string>();

  async function reach<T>(replica: string, call: () => Promise<T>): Promise<T> {
    if (cutOff.has(replica)) {
      throw new AppError('KUBERNETES_UNAVAILABLE', 'no route to the API server', {
        source: 'kubernetes',
        retryable: true,
      });
    }
    return call();
  }

  function clusterOf(replica: string): Cluster {
    async function write<T>(
      verb: string,
      about: { resource: Resource; ref: ObjectRef },
      call: () => Promise<T>,
    ): Promise<T> {
      const result = await reach(replica, call);
      writes.push({ replica, line: describe(verb, about) });
      return result;
    }
    return {
      get: (resource, ref) => reach(replica, () => cluster.get(resource, ref)),
      list: (resource, options) => reach(replica, () => cluster.list(resource, options)),
      watch: cluster.watch,
      review: cluster.review,
      apply: (resource, object, subresource) =>
        write(subresource === undefined ? 'apply' : `apply ${subresource} of`, { resource, ref: object.metadata }, () =>
          cluster.apply(resource, object, subresource),
        ),
      applyUnforced: (resource, object) =>
        write('apply', { resource, ref: object.metadata }, () => cluster.applyUnforced(resource, object)),
      create: (resource, object) =>
        write('create', { resource, ref: object.metadata }, () => cluster.create(resource, object)),
      update: (resource, object) =>
        write('update', { resource, ref: object.metadata }, () => cluster.update(resource, object)),
      delete: (resource, ref, uid) => write('delete', { resource, ref }, () => cluster.delete(resource, ref, uid)),
      emit(event) {
        events.push(`${event.type} ${event.reason} ${event.regarding.name}`);
        cluster.emit(event);
      },
    };
  }

  return {
    clusterOf,
    takeChanges() {
      const changes = { writes: writes.map(({ line }) => line), events };
      writes = [];
      events = [];
      return changes;
    },
    writers: () => [...new Set(writes.map(({ replica }) => replica))].toSorted(),
    cut: (replica) => void cutOff.add(replica),
    mend: (replica) => void cutOff.delete(replica),
  };
}

const describe = (verb: string, { resource, ref }: { resource: Resource; ref: ObjectRef }): string =>
  `${verb} ${resource.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
