import type { Resource } from '../../src/kube/ports.ts';

/** A custom resource for tests, with a status subresource and a spec that keeps unknown fields. */
export const widgets: Resource = {
  group: 'test.holdfast.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
