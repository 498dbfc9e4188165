/**
 * Gathers the writes of one turn of the event loop: one after another they cost less than each between the reads of two other sockets, whose
 * memory and code they evict from the caches of the processor. If there is nothing to gather, the further turn of the loop costs more than that
 * saves: then writes go out at once, and only now and then is it tried again.
 *
 *   gathering ──a turn with one write──► direct ──some writes later──► gathering
 */
export type Flushable = { flush(): void };

export interface TurnWrites {
  /** Returns whether the socket is flushed at the end of this turn; otherwise it writes now. */
  gather(socket: Flushable): boolean;
}

/** At about 4 µs for a turn of its own, a try costs a twentieth of a microsecond for each write in between. */
const directWrites = 64;

export function createTurnWrites(atEndOfTurn: (callback: () => void) => unknown): TurnWrites {
  const gathered: Flushable[] = [];
  let directLeft = 0;

  function flush(): void {
    // A flush that fails may end other connections, which write.
    for (let index = 0; index < gathered.length; index++) gathered[index]?.flush();
    if (gathered.length === 1) directLeft = directWrites;
    gathered.length = 0;
  }

  return {
    gather(socket) {
      if (directLeft > 0) {
        directLeft -= 1;
        return false;
      }
      if (gathered.push(socket) === 1) atEndOfTurn(flush);
      return true;
    },
  };
}

/** Of all sockets. */
export const turnWrites = createTurnWrites(setImmediate);
