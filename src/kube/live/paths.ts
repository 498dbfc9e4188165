/** Where objects are: paths and queries of the Kubernetes API. */
import { AppError } from '../../platform/errors.ts';
import type { ListOptions, ObjectRef, Resource } from '../ports.ts';

function basePath(resource: Resource): string {
  return resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
}

/** An empty name, or dots that a URL resolves, would turn the deletion of one object into the deletion of all. */
function segment(resource: Resource, what: 'name' | 'namespace', value: string | undefined): string {
  if (value !== undefined && !['', '.', '..'].includes(value)) return encodeURIComponent(value);
  throw new AppError('INTERNAL', `${resource.kind} needs a ${what}`, { source: 'internal', retryable: false });
}

/** All objects of the kind, in all namespaces. */
export const listPath = (resource: Resource): string => `${basePath(resource)}/${resource.plural}`;

/** Where an object of the kind is created. */
export function collectionPath(resource: Resource, namespace: string | undefined): string {
  if (!resource.namespaced) return listPath(resource);
  return `${basePath(resource)}/namespaces/${segment(resource, 'namespace', namespace)}/${resource.plural}`;
}

export function objectPath(resource: Resource, ref: ObjectRef, subresource?: string): string {
  const path = `${collectionPath(resource, ref.namespace)}/${segment(resource, 'name', ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function selectorQuery(options: ListOptions): Record<string, string> {
  return {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}
