/** The customer's event stream: every event comes from the session's own pod, none is missing, and only the client ends it. */
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { checkStatus, parseAnswer, SessionLost } from './answer.ts';

export type ShopEvents = {
  /** The next event, checked. */
  next(): Promise<void>;
  /** Closes the connection: only the client ends a stream of events. */
  destroy(): void;
};

export type ShopEventsOptions = {
  host: string;
  port: number;
  localAddress?: string;
  headers: Record<string, string>;
  answerTimeoutMs: number;
  check: (answer: Record<string, unknown>) => void;
};

export async function openShopEvents({
  headers,
  answerTimeoutMs,
  check,
  ...target
}: ShopEventsOptions): Promise<ShopEvents> {
  const silent = () => new SessionLost('Timeout', `GET /events: nothing within ${answerTimeoutMs} ms`);
  // A connection of its own, as in a browser: any proxy may accept it.
  const agent = new Agent({ keepAlive: false });
  const response = await open();
  response.setTimeout(answerTimeoutMs, () => response.destroy(silent()));
  const chunks = response.setEncoding('utf8').iterator() as AsyncIterator<string>;
  let buffered = '';
  let received = 0;

  function open(): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = httpRequest({ ...target, agent, path: '/events', headers }, resolve);
    const timer = setTimeout(() => request.destroy(silent()), answerTimeoutMs);
    request.once('response', () => {
      clearTimeout(timer);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(
        error instanceof SessionLost ? error : new SessionLost('ConnectionBroken', `GET /events: ${error.message}`),
      );
    });
    request.end();
    return promise;
  }

  /** Events are separated by an empty line; what follows the last one is incomplete. */
  async function nextEvent(): Promise<string> {
    for (let end = buffered.indexOf('\n\n'); ; end = buffered.indexOf('\n\n')) {
      if (end >= 0) {
        const event = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        return event;
      }
      const chunk = await chunks.next().catch((error: unknown) => {
        throw error instanceof SessionLost ? error : new SessionLost('EventsEnded', `GET /events: ${String(error)}`);
      });
      if (chunk.done) throw new SessionLost('EventsEnded', 'GET /events: the stream ended');
      buffered += chunk.value;
    }
  }

  if (response.statusCode !== 200) checkStatus('GET /events', { status: response.statusCode ?? 0, body: '' });
  return {
    async next() {
      const event = parseAnswer(/^data: (.*)$/m.exec(await nextEvent())?.[1] ?? '');
      check(event);
      received += 1;
      if (event['number'] !== received) {
        throw new SessionLost('BadAnswer', `event ${String(event['number'])} where ${received} was expected`);
      }
    },
    destroy() {
      response.destroy();
      agent.destroy();
    },
  };
}
