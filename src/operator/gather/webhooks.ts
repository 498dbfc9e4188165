/** Our webhook configuration: whose certificates its entries trust. */
import type { KubeObject } from '../../kube/ports.ts';
import { type CachedOwned, projectOwned } from './owned.ts';

/** `caBundles`: base64, one for each entry. */
export type CachedWebhooks = CachedOwned & { caBundles: string[] };

/** For the reflector. */
export function projectWebhooks(object: KubeObject): CachedWebhooks {
  // Go may write an empty list as null.
  const { webhooks } = object as KubeObject & { webhooks?: { clientConfig?: { caBundle?: string } }[] | null };
  return {
    ...projectOwned(object),
    caBundles: (webhooks ?? []).map(({ clientConfig }) => clientConfig?.caBundle ?? ''),
  };
}
