/** The key ring of a StickyWorkload. It is created once; only a rotation (`key-rotation.ts`) changes it, because live sessions are signed with it. */
import { randomBytes } from 'node:crypto';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { buildKeyRingSecret } from '../../core/keys/key-ring-secret.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';

/** Returns 32 random bytes in base64. */
export const newSessionKey = (): string => randomBytes(32).toString('base64');

/**
 * Creates the Secret. An existing Secret is not changed: it may be newer than the cache, damaged, or owned by another controller,
 * and in each case replacing it would end sessions; the status reports that the key ring is missing.
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
