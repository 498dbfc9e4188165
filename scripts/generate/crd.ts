/** `crds/holdfast.dev_stickyworkloads.yaml`, in the layout that other generators of CRDs have made usual. */
import { stringify } from 'yaml';
import { customResourceDefinition } from '../../src/api/crd.ts';
import { group, plural } from '../../src/api/stickyworkload.ts';
import type { GeneratedFile } from './file.ts';

export const crdFile: GeneratedFile = {
  path: `crds/${group}_${plural}.yaml`,
  // Aliases off: schemas share parts, and `kubectl` users read this file.
  body: stringify(customResourceDefinition, { aliasDuplicateObjects: false, lineWidth: 0 }),
};
