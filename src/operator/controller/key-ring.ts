/** The key ring of a StickyWorkload: created once, then never written again, because live sessions are signed with it. */
import { randomBytes } from 'node:crypto';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { buildKeyRingSecret } from '../../core/render/key-ring.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';

const keyBytes = 32;

/**
 * Creates the Secret. One that exists is left as it is: it may be newer than our cache, or damaged, or somebody else's,
 * and in each of these cases replacing it would end sessions; the status says that it is missing.
 */
export async function createKeyRing(writer: Pick<ObjectWriter, 'create'>, { metadata }: StickyWorkload): Promise<'Created' | 'Exists'> {
  const ring = { current: 1, keys: [{ id: 1, secret: randomBytes(keyBytes).toString('base64') }] };
  try {
    await writer.create(secrets, buildKeyRingSecret(metadata, ring));
    return 'Created';
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) throw error;
    return 'Exists';
  }
}
