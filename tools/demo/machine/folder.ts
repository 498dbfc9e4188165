/** The folder with all files of the demo. It has the same name for each demo of a user, so that the next demo removes what a killed one has left. */
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** More than ten times what a demo of ordinary length writes: logs, tokens and certificates. */
const neededBytes = 32 * 1024 ** 2;

/** Requires the lock, because it removes an existing folder. The new one is empty, and only this user can read it. */
export async function takeFolder(parent: string): Promise<string> {
  const folder = join(parent, `holdfast-demo-${process.getuid?.() ?? 'user'}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < neededBytes) throw new Error('its disk is full');
  } catch (error) {
    await removeFolder(folder).catch(() => undefined);
    throw new Error(`the demo cannot write its files to ${parent}; set TMPDIR to another folder`, { cause: error });
  }
  return folder;
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
