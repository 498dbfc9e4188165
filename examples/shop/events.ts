/** A stream of server-sent events that continues until the client closes it. */
import type { ServerResponse } from 'node:http';

export type EventStream = {
  /** Ends the stream gracefully. */
  close(): void;
};

const intervalMs = 250;

/** Sends an event at once and then four times a second; each carries its number, so that a client notices a gap. */
export function startEventStream(response: ServerResponse, event: (number: number) => object): EventStream {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let number = 0;
  const send = () => {
    number += 1;
    response.write(`id: ${number}\ndata: ${JSON.stringify(event(number))}\n\n`);
  };
  send();
  const timer = setInterval(send, intervalMs);
  response.once('close', () => {
    clearInterval(timer);
  });
  return {
    close() {
      clearInterval(timer);
      response.end();
    },
  };
}
