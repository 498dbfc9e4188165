/** The body of a streamed response: the reader receives what is pushed, until the stream ends or breaks. */

export interface ByteStream {
  push: (chunk: Buffer) => void;
  /** Ends the stream after what was pushed. */
  end: () => void;
  /** Breaks the stream after what was pushed: the reader throws the error. */
  fail: (error: Error) => void;
  read(): AsyncGenerator<Buffer>;
}

/** The reader leaves when the signal aborts. */
export function createByteStream(signal: AbortSignal): ByteStream {
  const waiting: Buffer[] = [];
  let outcome: { error?: Error } | undefined;
  let wake = (): void => undefined;

  function finish(next: { error?: Error }): void {
    outcome ??= next;
    wake();
  }

  const end = (): void => {
    finish({});
  };

  async function* readAll(): AsyncGenerator<Buffer> {
    while (!signal.aborted) {
      const chunk = waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (outcome?.error !== undefined) throw outcome.error;
      else if (outcome !== undefined) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    push(chunk) {
      waiting.push(chunk);
      wake();
    },
    end,
    fail: (error) => {
      finish({ error });
    },
    async *read() {
      signal.addEventListener('abort', end, { once: true });
      try {
        yield* readAll();
      } finally {
        signal.removeEventListener('abort', end);
      }
    },
  };
}
