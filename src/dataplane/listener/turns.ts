/**
 * Requests that clients sent ahead of their turn (pipelining, RFC 9112 §9.3.2) start a few at a time, after the events of all other
 * clients: however many connections send ahead, a turn of the event loop stays short, and so does the wait of a client that does not. TLS
 * handshakes begin in turns too.
 */
export interface Waiting {
  nextTurn(): void;
}

export interface Turns {
  /** `waiting.nextTurn` is called once, in the order of the calls, even if the connection has closed meanwhile. */
  wait(waiting: Waiting): void;
}

/** At 25 µs a request, with its response, this is less than a millisecond a turn. */
export const requestsPerTurn = 32;
/** A signature takes 0.1 ms (ECDSA) to 1 ms (RSA): when thousands of clients reconnect, the requests of others wait for a few of them. */
export const handshakesPerTurn = 4;

export function createTurns(perTurn: number): Turns {
  const queue = new Set<Waiting>();
  let isScheduled = false;

  function schedule(): void {
    isScheduled = queue.size > 0;
    if (isScheduled) setImmediate(runTurn);
  }

  function runTurn(): void {
    let left = perTurn;
    for (const waiting of queue) {
      if (left === 0) break;
      left -= 1;
      queue.delete(waiting);
      waiting.nextTurn();
    }
    schedule();
  }

  return {
    wait(waiting) {
      queue.add(waiting);
      if (!isScheduled) schedule();
    },
  };
}
