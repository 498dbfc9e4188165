/**
 * How many client connections the files of the process allow. Without a file, a proxy can neither accept nor connect nor report: its limits
 * must be reached before. A client connection needs two files, its own and that to a pod; the reserve is for all others.
 *
 *     files of the process ─┬─ reserve: listeners, operator, admin port, tokens and tables, Node itself
 *                           ├─ client connections
 *                           └─ as many to pods, in use or idle (an idle one closes when another is needed)
 */
const reservedFiles = 256;

/** A process with very few files still serves some clients. */
const minConnections = 16;

/** `openFiles`: the limit of the process, Infinity without one. */
export const connectionsWithin = (openFiles: number): number =>
  Math.max(minConnections, Math.floor((openFiles - reservedFiles) / 2));
