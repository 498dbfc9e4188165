/** A watch as a sequence of events that a case reads one by one. */
import type { IncomingMessage } from 'node:http';
import type { Body } from './body.ts';

export type WatchEvent = { type: string; object: Body };

export interface Watch {
  /** The next event; fails if none arrives in time. */
  next(): Promise<WatchEvent>;
  /** The events up to the first that fits, which is the last of them. */
  until(fits: (event: WatchEvent) => boolean): Promise<WatchEvent[]>;
  /** Resolves when the server has ended the stream; unread events are dropped. */
  ended(): Promise<void>;
  close(): void;
}

const patienceMs = 10_000;

export async function openWatch(open: () => Promise<IncomingMessage>): Promise<Watch> {
  const response = await open();
  if (response.statusCode !== 200) {
    throw new Error(`the watch was answered with ${response.statusCode}: ${await textOf(response)}`);
  }
  const events = eventsOf(response);

  const next = async (): Promise<WatchEvent> => {
    const result = await inTime(events.next(), 'no event');
    if (result.done) throw new Error('the watch ended');
    return result.value;
  };
  return {
    next,
    until: async (fits) => {
      const seen: WatchEvent[] = [];
      for (;;) {
        const event = await next();
        seen.push(event);
        if (fits(event)) return seen;
      }
    },
    ended: async () => {
      while (!(await inTime(events.next(), 'no end')).done);
    },
    close: () => response.destroy(),
  };
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<WatchEvent, void> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = `${rest}${chunk as string}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as WatchEvent;
  }
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} within ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: string[] = [];
  for await (const chunk of response.setEncoding('utf8')) parts.push(chunk as string);
  return parts.join('');
}
