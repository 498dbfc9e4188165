/** The stream of one watch: what is pushed comes out, until it ends. */
import type { WatchEvent } from '../../src/kube/ports.ts';

export interface WatchStream {
  push(event: WatchEvent): void;
  /** Cleanly, or as a broken connection. */
  end(error?: Error): void;
  events(signal: AbortSignal): AsyncGenerator<WatchEvent>;
}

export function createWatchStream(): WatchStream {
  const waiting: WatchEvent[] = [];
  let ended: { error?: Error } | undefined;
  let wake = () => {};

  function end(error?: Error): void {
    ended ??= error === undefined ? {} : { error };
    wake();
  }

  return {
    push(event) {
      waiting.push(event);
      wake();
    },
    end,
    async *events(signal) {
      const abort = () => {
        end();
      };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) end();
      try {
        while (!signal.aborted) {
          const event = waiting.shift();
          if (event !== undefined) yield event;
          else if (ended?.error !== undefined) throw ended.error;
          else if (ended !== undefined) return;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}
