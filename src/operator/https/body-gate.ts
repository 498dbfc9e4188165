/**
 * Bounds the memory of request bodies. The ports of the operator are open to every pod: a few large bodies, or many whose last byte is
 * missing, would otherwise exhaust it. A body is read only after its size is reserved; until then it stays in the socket. Each source has a
 * share of its own, so that one pod cannot take the share of the API server or of other proxies.
 */

export type BodyLimits = { perSourceBytes: number; totalBytes: number };

export interface BodyGate {
  /** Resolves when the bytes are reserved, with a function that releases them. The order of a source is kept. */
  reserve(source: string, bytes: number, signal: AbortSignal): Promise<() => void>;
}

type Waiting = { source: string; bytes: number; grant: () => void };

export function createBodyGate({ perSourceBytes, totalBytes }: BodyLimits): BodyGate {
  const used = new Map<string, number>();
  let total = 0;
  let queue: Waiting[] = [];

  const fits = ({ source, bytes }: Omit<Waiting, 'grant'>): boolean =>
    total + bytes <= totalBytes && (used.get(source) ?? 0) + bytes <= perSourceBytes;

  function take(source: string, bytes: number): void {
    total += bytes;
    const left = (used.get(source) ?? 0) + bytes;
    if (left === 0) used.delete(source);
    else used.set(source, left);
  }

  function grantNext(): void {
    const blocked = new Set<string>();
    queue = queue.filter((waiting) => {
      if (blocked.has(waiting.source) || !fits(waiting)) {
        blocked.add(waiting.source);
        return true;
      }
      take(waiting.source, waiting.bytes);
      waiting.grant();
      return false;
    });
  }

  const releaseOf = (source: string, bytes: number) => {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      take(source, -bytes);
      grantNext();
    };
  };

  return {
    reserve(source, bytes, signal) {
      const release = releaseOf(source, bytes);
      return new Promise((resolve, reject) => {
        const waiting: Waiting = {
          source,
          bytes,
          grant: () => {
            signal.removeEventListener('abort', leave);
            resolve(release);
          },
        };
        const leave = () => {
          queue = queue.filter((one) => one !== waiting);
          reject(new Error('the client has disconnected'));
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
        grantNext();
      });
    },
  };
}
