/** The key ring of a StickyWorkload: created here once; only a rotation (`operator/keys`) changes it, because live sessions are signed with it. */
import { randomBytes } from 'node:crypto';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { buildKeyRingSecret } from '../../core/render/key-ring.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';

/** 32 random bytes in base64. */
export const newSessionKey = (): string => randomBytes(32).toString('base64');

/**
 * Creates the Secret. One that exists is left as it is: it may be newer than our cache, or damaged, or somebody else's,
 * and in each of these cases replacing it would end sessions; the status says that it is missing.
 */
export async function createKeyRing(
  writer: Pick<ObjectWriter, 'create'>,
  { metadata }: StickyWorkload,
): Promise<'Created' | 'Exists'> {
  const ring = { current: 1, keys: [{ id: 1, secret: newSessionKey() }] };
  try {
    await writer.create(secrets, buildKeyRingSecret(metadata, ring));
    return 'Created';
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) throw error;
    return 'Exists';
  }
}
