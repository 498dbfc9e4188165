/** The kinds that only the controllers use. */
import type { Resource } from '../../../src/kube/ports.ts';

export const configMaps: Resource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
