/** Reserves what the demo needs of this machine. */
import { tmpdir } from 'node:os';
import { removeFolder, takeFolder } from './folder.ts';
import { lockPort, takeLock } from './lock.ts';
import { findMemoryProblem, readMemory, type Memory } from './memory.ts';
import { describeTakenPorts, findTakenPorts, podPorts } from './pod-ports.ts';

export type MachineClaim = {
  /** Empty and private; removed with the claim. */
  folder: string;
  release: () => Promise<void>;
};

/** Throws an error whose message is for the user. */
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
      // The lock is last: the next demo may start when nothing of this one is left.
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
