/** The key ring of a StickyWorkload, and the one for rules. It is created once; only a rotation (`key-rotation.ts`) changes it, because live sessions are signed with it. */
import { randomBytes } from 'node:crypto';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { buildKeyRingSecret, buildMasterSecret } from '../../core/keys/key-ring-secret.ts';
import type { OwnedObject } from '../../core/render/owned-object.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import type { TranslationStore } from '../translation/translation-store.ts';
import { AppError } from '../../platform/errors.ts';
import type { KeyRing } from '../../wire/routing-table.ts';

/** Returns 32 random bytes in base64. */
export const newSessionKey = (): string => randomBytes(32).toString('base64');

/**
 * Creates the Secret. An existing Secret is not changed: it may be newer than the cache, damaged, or owned by another controller,
 * and in each case replacing it would end sessions; the status reports that the key ring is missing.
 */
export const createKeyRing = (writer: KeyWriter, { metadata }: StickyWorkload): Promise<'Created' | 'Exists'> =>
  createSecret(writer, buildKeyRingSecret(metadata, newRing()));

/** Creates the ring from which the keys of rules are derived, once a rule needs it. */
export async function provideMasterRing({
  translations,
  writer,
}: {
  translations: Pick<TranslationStore, 'latest'>;
  writer: KeyWriter;
}): Promise<void> {
  const translated = translations.latest();
  if (!translated?.translation.needsMasterRing || translated.snapshot.masterRing) return;
  await createSecret(writer, buildMasterSecret(translated.snapshot.operatorNamespace, newRing()));
}

type KeyWriter = Pick<ObjectWriter, 'create'>;

const newRing = (): KeyRing => ({ current: 1, keys: [{ id: 1, secret: newSessionKey() }] });

async function createSecret(writer: KeyWriter, secret: OwnedObject): Promise<'Created' | 'Exists'> {
  try {
    await writer.create(secrets, secret);
    return 'Created';
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'KUBERNETES_CONFLICT')) throw error;
    return 'Exists';
  }
}
