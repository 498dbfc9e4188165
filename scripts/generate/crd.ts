/** `crds/*.yaml`, in the layout that other generators of CRDs have made usual. */
import { stringify } from 'yaml';
import { customResourceDefinition, proxyDefinition } from '../../src/api/crd.ts';
import type { GeneratedFile } from './file.ts';

type Definition = typeof customResourceDefinition | typeof proxyDefinition;

const fileOf = (definition: Definition): GeneratedFile => ({
  path: `crds/${definition.spec.group}_${definition.spec.names.plural}.yaml`,
  // Aliases off: schemas share parts, and `kubectl` users read this file.
  body: stringify(definition, { aliasDuplicateObjects: false, lineWidth: 0 }),
});

export const crdFile = fileOf(customResourceDefinition);
export const proxyCrdFile = fileOf(proxyDefinition);
