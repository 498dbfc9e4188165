/** All that the demo needs of this machine. */
import { tmpdir } from 'node:os';
import { removeFolder, takeFolder } from './folder.ts';
import { lockPort, takeLock } from './lock.ts';
import { findMemoryProblem, readMemory, type Memory } from './memory.ts';
import { describeTakenPorts, findTakenPorts, podPorts } from './pod-ports.ts';

export type MachineClaim = {
  /** Empty, ours, and gone with the claim. */
  folder: string;
  release: () => Promise<void>;
};

/** Throws a sentence for the person who has started the demo. */
export async function claimMachine(parentFolder = tmpdir(), memory: Memory = readMemory()): Promise<MachineClaim> {
  const unlock = await takeLock();
  try {
    const problem = findMemoryProblem(memory);
    if (problem !== undefined) throw new Error(problem);
    const taken = await findTakenPorts(podPorts.filter((port) => port !== lockPort));
    if (taken.length > 0) throw new Error(describeTakenPorts(taken));
    const folder = await takeFolder(parentFolder);
    return {
      folder,
      // The next demo may begin when nothing is left of this one.
      async release() {
        await removeFolder(folder);
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}
