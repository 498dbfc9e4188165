/** Gateway API objects whose status is ours to write: cached with that status, so that dates in it are kept. */
import type { KubeObject } from '../../kube/ports.ts';
import type { Observed } from '../../core/status/gateway-conditions.ts';
import { type CachedOwned, projectOwned } from './owned.ts';

export type CachedWithStatus = CachedOwned & { observed: Observed };

/** For the reflector. */
export function projectWithStatus(object: KubeObject): CachedWithStatus {
  const status = object['status'] as Record<string, unknown> | undefined;
  return {
    ...projectOwned(object),
    observed: { generation: object.metadata.generation ?? 0, ...(status && { status }) },
  };
}
