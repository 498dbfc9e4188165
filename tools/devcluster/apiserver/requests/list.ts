/** Lists and their selectors. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { StatusError } from '../../status-error.ts';
import { matchesFields, parseFieldSelector } from '../../store/field-selector.ts';
import { matchesLabels, parseLabelSelector } from '../../store/label-selector.ts';
import type { Cluster } from '../cluster.ts';
import type { Kind } from '../kinds/kind.ts';
import type { ListOptions } from './options.ts';

/** `items` are in their stored form. */
export type Page = { items: KubeObject[]; resourceVersion: number };

type Selectors = Pick<ListOptions, 'labelSelector' | 'fieldSelector'>;

/** Returns a function that tests whether the selectors match an object in its stored form. */
export function createFilter(kind: Kind, { labelSelector, fieldSelector }: Selectors): (stored: KubeObject) => boolean {
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector, kind.selectableFields);
  return (stored) =>
    matchesLabels(labels, stored.metadata.labels) &&
    (fields.length === 0 || matchesFields(fields, kind.fromStored(stored)));
}

/** Returns all objects in one page: a server may ignore `limit`, and a `continue` token is never issued. */
export function listObjects({ store }: Cluster, kind: Kind, namespace: string | undefined, options: ListOptions): Page {
  refuseFuture(options, store.revision());
  return {
    items: store.list(kind.shelf, namespace).filter(createFilter(kind, options)),
    resourceVersion: store.revision(),
  };
}

/** A real API server waits three seconds for its cache to catch up. The devcluster has one server, which is never behind. */
function refuseFuture({ resourceVersion = 0 }: ListOptions, current: number): void {
  if (resourceVersion > current) {
    throw new StatusError('Timeout', `Timeout: Too large resource version: ${resourceVersion}, current: ${current}`, {
      retryAfterSeconds: 1,
    });
  }
}
