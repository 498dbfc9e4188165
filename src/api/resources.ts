/** The schema of container resources, as in a Pod. */
import type { Schema } from './schema.ts';

const quantity = (description: string) =>
  ({
    'x-kubernetes-int-or-string': true,
    description,
    'x-kubernetes-validations': [
      {
        rule: "type(self) == int ? self > 0 : self.matches('^[0-9]+([.][0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$')",
        message: 'must be a quantity greater than 0, such as 500m, 2, 256Mi or 1Gi',
      },
    ],
  }) as const satisfies Schema;

const cpuAndMemory = { cpu: quantity('CPU, in cores.'), memory: quantity('Memory, in bytes.') } as const;

/** Requests or limits. */
export const computeResources = (description: string) =>
  ({
    type: 'object',
    description,
    properties: { ...cpuAndMemory, 'ephemeral-storage': quantity('Local storage, in bytes.') },
  }) as const satisfies Schema;
