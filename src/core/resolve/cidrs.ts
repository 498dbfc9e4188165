/** CIDRs of a spec. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';
import { parseCidr } from '../../platform/cidr.ts';

/** Returns the entries of `spec.drain.connections.excludeCIDRs` that are not CIDRs, with their paths: the schema's pattern accepts some. */
export function findInvalidCidrs(spec: Pick<StickyWorkloadSpec, 'drain'>): { path: string; value: string }[] {
  const excluded = spec.drain.connections?.excludeCIDRs ?? [];
  return excluded.flatMap((value, index) =>
    parseCidr(value) ? [] : [{ path: `spec.drain.connections.excludeCIDRs[${index}]`, value }],
  );
}
