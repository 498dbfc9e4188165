/** Checks that there is enough memory. Without it the kernel kills some process of the demo, and the error that follows does not show the cause. */
import { freemem } from 'node:os';

const gigabyte = 1024 ** 3;
/** The sum of the proportional set sizes (PSS) of its 25 processes, at its highest, is 1.3 GB. */
const neededBytes = 1.4 * gigabyte;

/** In bytes. `limit`: of the cgroup, as in a container; no limit if 0 or more than the machine has. */
export type Memory = { free: number; limit: number };

/**
 * Not `process.availableMemory()`: within a limit it counts the file cache as used, which is large after an installation and which the kernel
 * reclaims on demand.
 */
export const readMemory = (): Memory => ({ free: freemem(), limit: process.constrainedMemory() });

/** Returns undefined if there is enough. */
export function findMemoryProblem({ free, limit }: Memory): string | undefined {
  const isLimited = limit > 0 && limit < neededBytes;
  if (free >= neededBytes && !isLimited) return undefined;
  const needs = `the demo needs ${format(neededBytes)} of memory`;
  if (isLimited) return `${needs}, but is limited to ${format(limit)}: raise the memory limit of this container`;
  return `${needs}, but only ${format(free)} is free: stop other programs`;
}

const format = (bytes: number): string => `${(bytes / gigabyte).toFixed(1)} GB`;
