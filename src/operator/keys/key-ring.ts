/** The master keys. They are created once; only a rotation (`key-rotation.ts`) changes them, because live sessions are signed with keys derived from them. */
import { randomBytes } from 'node:crypto';
import { buildKeyRingSecret } from '../../core/keys/key-ring-secret.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';

/** Returns 32 random bytes in base64. */
export const newMasterKey = (): string => randomBytes(32).toString('base64');

/**
 * Creates the Secret. An existing Secret is not changed: it may be newer than the cache, damaged, or owned by another controller,
 * and in each case replacing it would end sessions; the statuses report that the keys are missing.
 */
export async function createMasterKeys(
  writer: Pick<ObjectWriter, 'create'>,
  namespace: string,
): Promise<'Created' | 'Exists'> {
  const ring = { current: 1, keys: [{ id: 1, secret: newMasterKey() }] };
  try {
    await writer.create(secrets, buildKeyRingSecret(namespace, ring));
    return 'Created';
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) throw error;
    return 'Exists';
  }
}
