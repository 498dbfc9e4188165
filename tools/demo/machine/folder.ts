/** The folder of the demo, with all its files. Always the same one for a user: so the next demo finds what one that was killed has left. */
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Logs, tokens and certificates of a demo of ordinary length take less than a tenth of it. */
const neededBytes = 32 * 1024 ** 2;

/** Only for who holds the lock: whatever is there goes. The new folder is empty, and nobody else may look into it. */
export async function takeFolder(parent: string): Promise<string> {
  const folder = join(parent, `holdfast-demo-${process.getuid?.() ?? 'user'}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < neededBytes) throw new Error('its disk is full');
  } catch (error) {
    await removeFolder(folder).catch(() => undefined);
    throw new Error(`the demo cannot keep its files in ${parent}, name another folder by TMPDIR`, { cause: error });
  }
  return folder;
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
