/** The stream of resources of a proxy, joined to tables as the proxy does it. */
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Report } from '../../src/wire/messages.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import { createResourceStore } from '../../src/wire/resource-store.ts';
import { parseStreamMessage, type ReceivedMessage } from '../../src/wire/stream-messages.ts';
import type { TlsClient } from './tls-client.ts';

/** A delta with the table that results from it. */
export type JoinedMessage =
  | Exclude<ReceivedMessage, { type: 'delta' }>
  | (Extract<ReceivedMessage, { type: 'delta' }> & { table: RoutingTable | undefined });

export type ResourceStream = Awaited<ReturnType<typeof openResourceStream>>;

/** Messages are read one at a time. */
export async function openResourceStream(
  client: TlsClient,
  { token, have = {} }: { token: string; have?: Record<string, string> },
) {
  const response = await client.open('POST', '/v1/resources', { token, body: JSON.stringify({ have }) });
  const lines: JoinedMessage[] = [];
  const waiting: ((message: JoinedMessage | undefined) => void)[] = [];
  const store = createResourceStore();
  let pieces: string[] = [];
  let last: { nonce: number; bytes: number } | undefined;

  const receive = (line: string) => {
    const parsed = parseStreamMessage(line);
    if ('problem' in parsed) throw new Error(parsed.problem);
    const message = parsed.value;
    if (message === undefined) throw new Error(`an unknown message: ${line}`);
    if (message.type === 'delta') {
      store.apply(message.delta);
      last = { nonce: message.nonce, bytes: Buffer.byteLength(line) };
    }
    const joined = message.type === 'delta' ? { ...message, table: store.table() } : message;
    const next = waiting.shift();
    if (next === undefined) lines.push(joined);
    else next(joined);
  };
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n');
    pieces.push(first);
    for (const other of others) {
      receive(pieces.join(''));
      pieces = [other];
    }
  });
  response.on('error', () => undefined);
  response.on('close', () => {
    for (const next of waiting.splice(0)) next(undefined);
  });
  return {
    response,
    table: () => store.table(),
    versions: () => store.versions(),
    lastBytes: () => last?.bytes,
    /** Undefined: the stream has ended. */
    next: (): Promise<JoinedMessage | undefined> => {
      const line = lines.shift();
      if (line !== undefined || response.closed) return Promise.resolve(line);
      return new Promise((resolve) => waiting.push(resolve));
    },
    /** Resolves when this table has arrived, with what a proxy that routes by it reports. */
    async acknowledge(table: RoutingTable | undefined): Promise<Pick<Report, 'acknowledged'>> {
      const isHere = () => table === undefined || isDeepStrictEqual(store.table(), table);
      while (!isHere()) await once(response, 'data');
      return last ? { acknowledged: { nonce: last.nonce, refused: [] } } : {};
    },
  };
}
