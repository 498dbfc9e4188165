/** Messages over WebSockets or streams of gRPC, by the program ./messages.ts. */
import { runClient } from './client.ts';
import type { Load } from './load.ts';
import type { MessageOptions } from './messages.ts';
import { readNumber } from './result.ts';

export const messageLoad =
  (of: Pick<MessageOptions, 'kind' | 'connections' | 'streams'>): Load =>
  async ({ port, cookies, core }, { seconds, started }) => {
    const options: MessageOptions = { ...of, port, seconds, cookies: cookies.map((cookie) => cookie ?? null) };
    const result = await runClient('messages.ts', options, { core, started });
    const count = readNumber(result, 'count');
    if (count === 0) throw new Error('no message was answered');
    return { count, seconds: readNumber(result, 'seconds') };
  };
