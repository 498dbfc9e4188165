/** Whether there is memory for the demo: without it the system kills one process or the other, and what fails then does not say why. */
import { freemem } from 'node:os';

const gigabyte = 1024 ** 3;
/** The sum of the proportional set sizes (PSS) of its 25 processes, at its highest, is 1.3 GB. */
const neededBytes = 1.4 * gigabyte;

/** In bytes. `limit`: what this process and all beside it may have, as in a container; 0 or more than there is: no limit. */
export type Memory = { free: number; limit: number };

/**
 * Not `process.availableMemory()`: within a limit it takes the file cache for used, which is large after an installation, and which the system
 * gives up as soon as memory is wanted.
 */
export const readMemory = (): Memory => ({ free: freemem(), limit: process.constrainedMemory() });

/** Undefined: there is enough. */
export function findMemoryProblem({ free, limit }: Memory): string | undefined {
  const isLimited = limit > 0 && limit < neededBytes;
  if (free >= neededBytes && !isLimited) return undefined;
  const needs = `the demo needs ${format(neededBytes)} of memory`;
  if (isLimited) return `${needs}, and may have only ${format(limit)} here: give this container more`;
  return `${needs}, and only ${format(free)} is free: end other programs`;
}

const format = (bytes: number): string => `${(bytes / gigabyte).toFixed(1)} GB`;
