/** A cluster client that counts writes by verb, kind and result. */
import type { KubeObject, ObjectRef, Resource } from '../kube/ports.ts';
import { AppError } from '../platform/errors.ts';
import { count, type Counts } from './counters.ts';
import type { Cluster } from './options.ts';

export function countWrites(cluster: Cluster, counts: Counts): Cluster {
  const counted =
    <Rest extends unknown[], Result>(verb: string, call: (resource: Resource, ...rest: Rest) => Promise<Result>) =>
    async (resource: Resource, ...rest: Rest): Promise<Result> => {
      try {
        const result = await call(resource, ...rest);
        count(counts, `${verb}/${resource.kind}/ok`);
        return result;
      } catch (error) {
        count(counts, `${verb}/${resource.kind}/${error instanceof AppError ? error.code : 'INTERNAL'}`);
        throw error;
      }
    };
  return {
    ...cluster,
    apply: counted('apply', (resource, object: KubeObject, subresource?: 'status') =>
      cluster.apply(resource, object, subresource),
    ),
    applyUnforced: counted('apply', (resource, object: KubeObject) => cluster.applyUnforced(resource, object)),
    create: counted('create', (resource, object: KubeObject) => cluster.create(resource, object)),
    update: counted('update', (resource, object: KubeObject) => cluster.update(resource, object)),
    delete: counted('delete', (resource, ref: ObjectRef, uid?: string) => cluster.delete(resource, ref, uid)),
  };
}
