/** The API for controllers and the kubelet: the operations of the HTTP API as function calls. */
import type { Resource } from '../../../src/kube/ports.ts';
import type { ClusterApi, Subresource } from '../cluster-api.ts';
import { StatusError } from '../status-error.ts';
import type { Cluster, WriteRequest } from './cluster.ts';
import type { Kind } from './kinds/kind.ts';
import { createObject } from './writes/create.ts';
import { decodeObject } from './writes/decode.ts';
import { deleteObject } from './writes/delete.ts';
import { patchObject } from './writes/patch.ts';
import { changeObject, replaceWith } from './writes/update.ts';

const request: WriteRequest = {
  user: { username: 'system:devcluster', groups: ['system:masters', 'system:authenticated'] },
  manager: 'devcluster',
  dryRun: false,
  fieldValidation: 'Strict',
  warn: () => undefined,
};

export function createClusterCalls(cluster: Cluster): ClusterApi {
  const { registry, store } = cluster;

  function kindOf(resource: Resource): Kind {
    const kind = registry.find(resource);
    if (kind === undefined) throw new StatusError('NotFound', 'the server could not find the requested resource');
    return kind;
  }

  return {
    get(resource, ref) {
      const kind = kindOf(resource);
      const stored = store.get(kind.shelf, ref);
      return stored === undefined ? undefined : kind.fromStored(stored);
    },
    list(resource, namespace) {
      const kind = kindOf(resource);
      return store.list(kind.shelf, namespace).map((object) => kind.fromStored(object));
    },
    async create(resource, object) {
      const kind = kindOf(resource);
      return createObject(
        cluster,
        { kind, namespace: object.metadata.namespace, object: decodeObject(kind, object, request) },
        request,
      );
    },
    async update(resource, object, subresource?: Subresource) {
      const kind = kindOf(resource);
      const ref = object.metadata;
      const decoded = decodeObject(kind, object, request);
      return changeObject(cluster, { kind, ref, subresource, propose: replaceWith(kind, decoded) }, request);
    },
    async patch(resource, ref, body, subresource?: Subresource) {
      const type = 'application/merge-patch+json';
      return patchObject(cluster, { kind: kindOf(resource), ref, subresource, type, body }, request);
    },
    async delete(resource, ref, options = {}) {
      await deleteObject(cluster, { kind: kindOf(resource), ref }, options, request);
    },
    observe(resource, onChange) {
      const kind = kindOf(resource);
      for (const object of store.list(kind.shelf)) onChange({ type: 'ADDED', object: kind.fromStored(object) });
      return store.subscribe(kind.shelf, ({ type, object, old }) => {
        onChange({ type, object: kind.fromStored(object), ...(old && { old: kind.fromStored(old) }) });
      });
    },
  };
}
